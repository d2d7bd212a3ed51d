# docker buildx bake              the images of the cpu profile: cpu, extra, operator
# docker buildx bake gpu          those of the gpu profile's heavy stages: stt, tts
# docker buildx bake all          every image and its -dev variant
#
# REGISTRY=registry.example/dubjob VERSION=1.2.3 docker buildx bake all --push

variable "REGISTRY" {
  default = "localhost/dubjob"
}

variable "VERSION" {
  default = "0.2.0"
}

# Commit hash, for a label.
variable "REVISION" {
  default = ""
}

# Base image of the images without a GPU. The others use the CUDA image of the Dockerfile.
variable "LIGHT_BASE_IMAGE" {
  default = "docker.io/library/debian:bookworm-slim"
}

group "default" {
  targets = ["cpu", "extra", "operator"]
}

group "gpu" {
  targets = ["stt", "tts"]
}

group "all" {
  targets = ["default", "gpu", "dev"]
}

target "_image" {
  context    = "."
  dockerfile = "stage-images/Dockerfile"
  args       = { VERSION = VERSION }
  labels     = { "org.opencontainers.image.revision" = REVISION }
}

target "light" {
  name     = image
  matrix   = { image = ["cpu", "extra"] }
  inherits = ["_image"]
  target   = image
  tags     = ["${REGISTRY}/${image}:${VERSION}"]
  args     = { BASE_IMAGE = LIGHT_BASE_IMAGE }
}

target "heavy" {
  name     = image
  matrix   = { image = ["stt", "tts", "operator"] }
  inherits = ["_image"]
  target   = image
  tags     = ["${REGISTRY}/${image}:${VERSION}"]
}

target "dev" {
  name     = "${image}-dev"
  matrix   = { image = ["cpu", "extra", "stt", "tts", "operator"] }
  inherits = [image]
  target   = "${image}-dev"
  tags     = ["${REGISTRY}/${image}-dev:${VERSION}"]
}
