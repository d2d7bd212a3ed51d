"""Speech from a server with the API `/v1/audio/speech`: vLLM-Omni, SGLang-Omni, Kokoro-FastAPI,
Speaches, mlx-audio or a hosted service."""
