"""XML: what a document opens, calls or runs is found, and no entity is expanded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.budget import Limits
from scanners.facts import Opens
from scanners.formats import xml_document
from scanners.registry import SCANNERS
from tests.craft.attacks_engines import ENGINE_ATTACKS
from tests.craft.reading import anomalies, referenced, scan, scan_in_rounds, unread_reasons
from tests.craft.table import said
from tests.craft.xml import XINCLUDE, XSLT, constant, document, layer, net, pmml, svg

ALL = [attack for title, group in ENGINE_ATTACKS.items() if "XML" in title for attack in group]
STYLED = document("<root/>").replace(b"<root", b'<?xml-stylesheet type="text/xsl" href="x.xsl"?><root')
W3C = 'PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"'


def read(data, name="model.xml", **more):
    return scan(data, name, scanners=SCANNERS, **more)


# --- honest files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        svg(external=W3C),
        document("<root/>", external='SYSTEM "about:legacy-compat"', name="html"),
        document("<root/>", "<!ELEMENT root ANY>"),
        document(f"<root {XINCLUDE}/>"),
        document("<root><include href='x'/><template/><script/></root>"),
        document('<root onload="x" class="java.util.ArrayList" href="javascript:x"/>'),
        document('<?xml-stylesheet type="text/css" href="http://198.51.100.7/x.css"?><root/>'),
        svg('<a href="https://example.org/javascript:x" one="1" on="2"/><title>javascript:x</title>'),
        svg('<image href="data:image/png;base64,AAAA"/>'),
        net(
            constant(), constant(shape="", size=4), constant(element="string", size=7), layer("ReLU", version="opset13")
        ),
        net(constant(element="u4", shape="3", size=2), layer("Split", '<data axis="0" offset="-1" path="x/y"/>')),
        net(layer("StringTensorUnpack", version="extension")),
        b'<net name="m" version="6"><layer name="n" type="Convolution"/></net>',
        pmml('<Extension name="note" value="made by acme"><x>words</x></Extension><Apply function="ln"/>'),
        pmml(
            '<Extension name="repr">PMMLPipeline(steps=[("a", Tree())])</Extension><Extension value="java.lang.String"/>'
        ),
        pmml("<DefineFunction name='f'/><Header><Annotation>import os</Annotation></Header>"),
    ],
)
def test_near_misses_are_clean(data):
    assert said(data, "model.xml") == ("clean", ())


def test_short_texts_are_told_and_read():
    made = svg(subset='<!ENTITY ns_svg "http://www.w3.org/2000/svg">', inside="&ns_svg;")
    verdict, findings = said(made, "logo.svg")
    assert (verdict, [finding.rule for finding in findings]) == ("clean", ["xml-constants"])


def test_operators_are_kept_for_questions():
    made = net(layer("ReLU"), layer("ReLU"), layer("Exec", version="acme"))
    assert referenced(read(made), "openvino.op") == {("opset1", "ReLU"), ("acme", "Exec")}


def test_weights_are_numbers_unless_they_are_something_else():
    assert read(bytes(range(256)), "openvino_model.bin").account.inert == 256
    assert read(bytes(range(256)), "other.bin").format == "unknown"
    assert said(b"\x80\x04cposix\nsystem\n(X\x01\0\0\0xtR.", "openvino_model.bin")[0] == "malicious"


def test_a_stylesheet_by_its_name_and_one_beside_a_document_are_told():
    for data in (document(f"<xsl:stylesheet {XSLT} xmlns:msxsl='urn:schemas-microsoft-com:xslt'/>"), STYLED):
        verdict, findings = said(data, "report.xsl")
        assert (verdict, [finding.severity for finding in findings]) == ("clean", ["low"])


def test_what_matters_less_hides_nothing_that_matters_more():
    events = "".join(f'<g onload="{n}"/>' for n in range(100))
    assert said(svg(events + '<g class="java.lang.ProcessBuilder"/>'), "x.svg")[0] == "malicious"
    layers = [layer(f"L{n}") for n in range(2000)]
    assert said(net(*layers, layer("X", '<data library="x.so"/>')), "x.xml")[0] == "malicious"


# --- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (document("<root>&x;</root>", '<!ENTITY x "&y;&y;">'), "limit"),
        (document("<a>" * 1100 + "</a>" * 1100), "limit"),
        (document("<root>" + "".join(f"<n{n}/>" for n in range(70_000)) + "</root>"), "limit"),
        (document('<root a="' + "x" * (18 << 20) + '"/>'), "limit"),
        (pmml(f"<Extension>{'x' * 70_000}</Extension>"), "limit"),
        (document("<root/>", encoding="cp1252"), "codec"),
        (document("<root/>", encoding="utf-7"), "codec"),
        (document("<root/>")[:-1], "broken"),
        (document("<root/><root/>"), "broken"),
        (document("<root>&x;</root>"), "broken"),
        (b'<?xml version="1.0"?>', "broken"),
        (document("<root/>", '<!ENTITY % lat PUBLIC "x" "http://www.w3.org/lat1.ent"> %lat;'), "limit"),
        (document("<root/>", "".join(f"<!ATTLIST root a{n} CDATA 'x'>" for n in range(70))), "limit"),
        (document(f"<root a='{'&e;' * 800_000}'/>", "<!ENTITY e 'x'>"), "limit"),
        (b"words", "no-reader"),
    ],
    ids=range(15),
)
def test_what_is_not_read_is_said(data, reason):
    assert unread_reasons(read(data)) == {reason}


def test_a_long_document_comes_in_few_rounds():
    body = document("<root>" + "<a b='c'>d</a>" * 100_000 + "</root>")
    outcome, _, rounds = scan_in_rounds(body, "x.xml", scanners=(xml_document.SCANNER,), block=4096)
    assert outcome.account.examined == len(body)
    assert rounds < 8


def test_what_stands_before_a_break_is_kept():
    outcome = read(svg("<script>x</script>")[:-3], "x.svg")
    assert (anomalies(outcome), unread_reasons(outcome)) == ({"xml.script"}, {"broken"})


def test_an_entity_ends_the_reading():
    outcome = read(document("<root>&x;</root>", '<!ENTITY x SYSTEM "file:///nowhere">'))
    assert [(fact.path, fact.by) for fact in outcome.facts if isinstance(fact, Opens)] == [
        ("file:///nowhere", "the entity x")
    ]
    assert outcome.account.examined == 0


# --- laws ------------------------------------------------------------------------------------------------------------

SAMPLE = svg(
    '<text onclick="x">&e;</text><!-- c --><?p i?><![CDATA[<x>]]>' + "words " * 100,
    subset='<!ENTITY e "text"><!ATTLIST svg a CDATA "&e;">',
    external=W3C,
)


def test_a_document_that_is_cut_is_never_complete():
    assert said(SAMPLE, "x.svg")[0] == "suspicious"
    for stop in range(len(SAMPLE)):
        outcome = read(SAMPLE[:stop], "x.svg")
        assert outcome.format == "empty" or outcome.account.unexplained or unread_reasons(outcome)


@given(
    changes=st.lists(st.tuples(st.integers(0, 2000), st.sampled_from(b"<>&;%\"'!x\0\xff[]?")), max_size=6),
    block=st.sampled_from([64, 4096]),
    sample=st.sampled_from([SAMPLE, *(attack.data for attack in ALL)]),
)
@settings(max_examples=150, deadline=None)
def test_a_bent_document_says_the_same_however_it_comes(changes, block, sample):
    data = bytearray(sample)
    for at, value in changes:
        data[at % len(data)] = value
    outcome, _, _ = scan_in_rounds(bytes(data), "x.xml", scanners=(xml_document.SCANNER,), block=block)
    assert outcome == scan(bytes(data), "x.xml", scanners=(xml_document.SCANNER,))
    assert outcome.account.unexplained == 0 or outcome.facts


@given(data=st.binary(max_size=300), start=st.sampled_from([b"", b"<", b"<?xml ", b"\xff\xfe<\0", b"<!DOCTYPE a ["]))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(data, start):
    scanners = (xml_document.SCANNER, xml_document.WEIGHTS)
    outcome = scan(start + data + b"!", "x.xml", scanners=scanners, limits=Limits(facts=100, whole=1000))
    assert outcome.account.unexplained == 0 or outcome.facts
