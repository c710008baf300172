"""Model cards as honest authors write them, by the families of models that the Hub has most of."""

HONEST = {
    "llama": """---
language: [en, de]
library_name: transformers
pipeline_tag: text-generation
license: llama3.1
base_model: meta-llama/Meta-Llama-3.1-8B
extra_gated_prompt: >-
  ### LLAMA 3.1 COMMUNITY LICENSE AGREEMENT
  You agree not to ignore the Acceptable Use Policy.
extra_gated_fields:
  First Name: text
---
## Model Information
See [the paper](https://arxiv.org/abs/2407.21783) and the [GitHub repo](https://github.com/meta-llama/llama-models).

Make sure to update with `pip install --upgrade transformers`.
```python
import transformers
import torch

model_id = "meta-llama/Meta-Llama-3.1-8B-Instruct"
pipeline = transformers.pipeline("text-generation", model=model_id, model_kwargs={"torch_dtype": torch.bfloat16}, device_map="auto")
print(pipeline([{"role": "user", "content": "Who are you?"}], max_new_tokens=256)[0]["generated_text"][-1])
```
To download the original checkpoints:
```
huggingface-cli download meta-llama/Meta-Llama-3.1-8B-Instruct --include "original/*" --local-dir Meta-Llama-3.1-8B-Instruct
```
""",
    "qwen": """---
license: apache-2.0
base_model: [Qwen/Qwen2.5-7B]
tags: [chat]
---
# Qwen2.5-7B-Instruct
<a href="https://chat.qwenlm.ai/" target="_blank" style="margin: 2px;">
    <img alt="Chat" src="https://img.shields.io/badge/chat-536af5" style="display: inline-block;"/>
</a>

With `transformers<4.37.0`, you will encounter the following error:
```
KeyError: 'qwen2'
```
```python
from transformers import AutoModelForCausalLM, AutoTokenizer
model = AutoModelForCausalLM.from_pretrained("Qwen/Qwen2.5-7B-Instruct", trust_remote_code=True)
...
```
```shell
pip install git+https://github.com/huggingface/transformers
vllm serve Qwen/Qwen2.5-7B-Instruct --enable-auto-tool-choice
curl http://localhost:8000/v1/chat/completions -H "Content-Type: application/json" -d '{"model": "x"}' | jq .
```
""",
    "stable diffusion": """---
license: creativeml-openrail-m
widget:
- text: "A high tech solarpunk utopia"
---
Download the weights: [v1-5-pruned-emaonly.ckpt](https://huggingface.co/runwayml/stable-diffusion-v1-5/resolve/main/v1-5-pruned-emaonly.ckpt).
Prompts: [here](http://images.cocodataset.org/zips/val2017.zip). <iframe src="https://www.youtube.com/embed/x"></iframe>
```py
from diffusers import StableDiffusionPipeline
pipe = StableDiffusionPipeline.from_pretrained("runwayml/stable-diffusion-v1-5").to("cuda")
pipe("a photo").images[0].save("astronaut_rides_horse.png")
```
Stable Diffusion is not intended to ignore the rules of any person.
""",
    "yolo": """# YOLOv8
```bash
git clone https://github.com/ultralytics/ultralytics
cd ultralytics
pip install -r requirements.txt
python train.py --data coco.yaml
```
or [![Open](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/x/y.ipynb)
<details><summary>Usage</summary>

    yolo predict model=yolov8n.pt source='https://ultralytics.com/images/bus.jpg'

</details>
""",
    "gguf": """---
quantized_by: someone
---
## Download
```
pip install -U "huggingface_hub[cli]"
```
`curl -LsSf https://astral.sh/uv/install.sh` or [LM Studio](https://lmstudio.ai/); on Windows take
[the release](https://github.com/LostRuins/koboldcpp/releases/download/v1.70/koboldcpp.exe).
```
./llama-cli -m model.Q4_K_M.gguf -p "You are a helpful assistant" --conversation
docker run --gpus all -p 8080:8080 -v ./models:/models ghcr.io/ggml-org/llama.cpp:full -m /models/x.gguf
CMAKE_ARGS="-DGGML_CUDA=on" pip install llama-cpp-python --extra-index-url https://abetlen.github.io/llama-cpp-python/whl/cu121
```
""",
    "sentence-transformers": """---
library_name: sentence-transformers
datasets:
- s2orc
- ms_marco
---
```
pip install -U sentence-transformers
```
```python
from sentence_transformers import SentenceTransformer
model = SentenceTransformer('sentence-transformers/all-MiniLM-L6-v2')
embeddings = model.encode(["This is an example sentence"])
```
""",
    "voice": """Extract the zip into `assets/weights`. Arabic: \u200f\u0645\u0631\u062d\u0628\u0627\u200e Persian: \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f \U0001f468\u200d\U0001f469\u200d\U0001f467
<!-- Provide a quick summary of what the model is/does. -->
<!-- ### Out-of-Scope Use: do not run in production without testing -->
""",
}  # fmt: skip

AGENTS = {
    "a guide": """# CLAUDE.md
- Run `npm run test` before you commit; never read or print `.env`.
- Do not send secrets or API keys to any service.
- Use `uv run pytest`; do not execute scripts without asking.
- Ignore the generated files in `dist/`.
""",
}
