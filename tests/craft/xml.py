"""XML documents as they are written: models of OpenVINO, PMML, drawings, and what reads more than it should."""

SVG = 'xmlns="http://www.w3.org/2000/svg"'
XSLT = 'xmlns:xsl="http://www.w3.org/1999/XSL/Transform"'
XINCLUDE = 'xmlns:xi="http://www.w3.org/2001/XInclude"'


def document(body, subset="", name="root", external="", encoding="utf-8"):
    """A document; `subset` stands inside of its document type, and `external` before that."""
    doctype = f"<!DOCTYPE {name} {external} [{subset}]>" if subset or external else ""
    return f'<?xml version="1.0" encoding="{encoding}"?>{doctype}{body}'.encode(encoding)


def layer(kind, inside="", version="opset1"):
    return f'<layer id="0" name="n" type="{kind}" version="{version}">{inside}</layer>'


def constant(offset=0, size=24, shape="2, 3", element="f32"):
    return layer("Const", f'<data element_type="{element}" shape="{shape}" offset="{offset}" size="{size}"/>')


def net(*layers, **more):
    """A model of OpenVINO."""
    return document(f'<net name="m" version="11"><layers>{"".join(layers)}</layers><edges/></net>', name="net", **more)


def pmml(inside, **more):
    return document(f'<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">{inside}</PMML>', name="PMML", **more)


def svg(inside="", attributes="", **more):
    return document(f"<svg {SVG} {attributes}>{inside}</svg>", name="svg", **more)
