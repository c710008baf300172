"""Makes plain/pdf/*: documents as reportlab and pypdf write them, with links, a form, and one that carries a file.

reportlab 5.1, pypdf 7.1:

    python -m venv /tmp/v && /tmp/v/bin/pip install reportlab==5.1.0 pypdf==7.1.1
    cd tests/data && /tmp/v/bin/python make_pdf.py
"""

from io import BytesIO
from pathlib import Path

from pypdf import PdfWriter
from reportlab.lib.pagesizes import A6
from reportlab.pdfgen import canvas

OUT = Path(__file__).parent / "plain" / "pdf"


def page(**how):
    made = BytesIO()
    drawn = canvas.Canvas(made, pagesize=A6, invariant=True, **how)
    drawn.drawString(40, 40, "words")
    drawn.linkURL("https://example.org/JS/JavaScript/Launch", (0, 0, 90, 90))
    drawn.acroForm.textfield(name="field", x=40, y=90)
    drawn.showPage()
    drawn.save()
    return made.getvalue()


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "plain.pdf").write_bytes(page(pageCompression=0))
    (OUT / "packed.pdf").write_bytes(page(pageCompression=1))
    writer = PdfWriter(clone_from=BytesIO(page(pageCompression=1)))
    writer.add_attachment("notes.txt", b"words\n" * 20)
    writer.write(OUT / "attached.pdf")
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(OUT / "encrypted.pdf")
