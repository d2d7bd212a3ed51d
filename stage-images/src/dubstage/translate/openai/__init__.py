"""Translation by a language model behind the chat-completions API: vLLM, Ollama, llama.cpp, SGLang,
LM Studio or a hosted service."""
