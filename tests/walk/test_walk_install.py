"""The commands of the documents, one after another, on a real cluster and a real registry."""

from __future__ import annotations

import json

import pytest
from workplace import Workplace

SEED = "kubectl -n {} apply -f data-pvc/local-cluster/seed.yaml"
"""The claim with the models; the pods of this cluster have no network."""


def attempts(place: Workplace, name: str) -> list[int]:
    found = json.loads(place.shell(f"kubectl -n dubbing get dj {name} -o json"))
    return [stage["attempts"] for stage in found["status"]["stages"]]


@pytest.mark.parametrize("workplace", ["helm"], indirect=True)
def test_with_helm_only_from_the_install_to_the_uninstall(workplace: Workplace) -> None:
    place = workplace
    place.run("push the charts")
    place.run("install")
    place.shell(SEED.format("dubbing"))
    place.run("wait for the models")

    place.run("dub with dub")
    assert list(place.folder.rglob("dubbed/**/dubbed_video.mp4"))
    place.shell("kubectl -n dubbing delete dj --all")
    place.run("dub with kubectl")
    assert (place.folder / "talk/vid/dubbed_video.mp4").stat().st_size > 100_000
    assert '"seconds"' in place.run("step log")
    assert "Completed" in place.run("inspect")
    place.run("reviewers")

    place.shell("dub -n dubbing submit talk.mp4 --to ca --name kept")
    place.run("upgrade")
    read_image = "kubectl -n dubjob-system get deployment dubjob-operator -o yaml | grep image:"
    assert "/dubjob/operator:2" in place.shell(read_image)
    place.run("roll back")
    assert "/dubjob/operator:1" in place.shell(read_image)
    place.shell("kubectl -n dubbing wait --for=condition=Complete dj/kept --timeout=5m")
    assert attempts(place, "kept") == [1] * 6

    place.run("another namespace")
    place.shell(SEED.format("drama"))
    place.shell(
        "kubectl -n drama wait --for=condition=Complete job --all --timeout=3m\ndub -n drama check"
    )

    place.run("uninstall")
    assert "kept" in place.shell("kubectl -n dubbing get dj,pvc")


@pytest.mark.parametrize("workplace", ["helm_3"], indirect=True)
def test_make_deploy_with_helm_3_keeps_what_was_set(workplace: Workplace) -> None:
    place = workplace
    place.shell("kubectl apply --server-side -k data-pvc/base\n" + SEED.format("dubbing"))
    images = "\n".join(
        f"{name.upper()}=registry.example/dubjob/{name}:1" for name in ("cpu", "extra", "operator")
    )
    place.shell(f"printf '%s\\n' '{images}' > images.env\nmake deploy IMAGES=images.env")
    assert "✗" not in place.shell("dub -n dubbing check")
    place.run("models from a claim")
    place.shell("make deploy")
    values = place.shell("helm get values dubjob-profiles -n dubbing")
    assert "seedClaimName: dubjob-seed" in values
    assert f"{place.registry}/dubjob/extra:1" in values
