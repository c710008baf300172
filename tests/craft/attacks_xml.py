"""XML documents that do harm: entities that name nothing, and what is run."""

from tests.craft.attack import several
from tests.craft.xml import XINCLUDE, XSLT, document, layer, net, pmml, svg

HIGH = {"severity": "high"}
SUSPICIOUS = {"severity": "medium", "verdict": "suspicious"}
LOLS = '<!ENTITY a "lol">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefg", "bcdefgh", strict=True)
)
SECRET = '<!ENTITY x SYSTEM "file:///nowhere/secret">'

XML_ATTACKS = {
    "XML: entities and document types": [
        *several(
            "7.5",
            {
                "a file, as text": document("<root>&x;</root>", SECRET),
                "a file, that nothing refers to": document("<root/>", SECRET),
                "an address": document("<root>&x;</root>", '<!ENTITY x SYSTEM "http://198.51.100.7/x">'),
                "a file by a public name": document("<root/>", '<!ENTITY x PUBLIC "-//W3C//X" "http://198.51.100.7/x">'),
                "a file beside the document": document("<root>&x;</root>", '<!ENTITY x SYSTEM "notes.txt">'),
                "a parameter entity": document("<root/>", '<!ENTITY % x SYSTEM "http://198.51.100.7/x.dtd"> %x;'),
                "an unparsed entity": document("<root/>", '<!ENTITY x SYSTEM "file:///nowhere" NDATA y>'),
                "a document type elsewhere": document("<root/>", external='SYSTEM "http://198.51.100.7/x.dtd"'),
                "a document type whose public name is known": document(
                    "<root/>", external='PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://198.51.100.7/www.w3.org/x.dtd"'
                ),
                "in UTF-16": document("<root>&x;</root>", SECRET, encoding="utf-16"),
                "in a drawing": (svg("<text>&x;</text>", subset=SECRET), {"name": "logo.svg"}),
                "in a model of OpenVINO": net(layer("Parameter"), subset=SECRET),
                "in PMML": (pmml("<Header>&x;</Header>", subset=SECRET), {"name": "model.pmml"}),
                "an inclusion": document(f'<root {XINCLUDE}><xi:include href="file:///nowhere" parse="text"/></root>'),
                "a stylesheet elsewhere": document("<root/>").replace(
                    b"<root", b'<?xml-stylesheet type="text/xsl" href="http://198.51.100.7/x.xsl"?><root'
                ),
            },
            rule="xml-external", severity="high", name="model.xml",
        ),
        *several(
            "7.5",
            {
                "a document type beside the document": document("<root/>", external='SYSTEM "types.dtd"'),
                "a public document type that nobody knows": document(
                    "<root/>", external='PUBLIC "-//ACME//DTD X//EN" "http://acme.example/x.dtd"'
                ),
            },
            **SUSPICIOUS, rule="xml-external", name="model.xml",
        ),
        *several(
            "7.5",
            {
                "a billion laughs": document("<root>&h;</root>", LOLS),
                "one long entity, often": document("<root>" + "&x;" * 900 + "</root>", f'<!ENTITY x "{"y" * 9000}">'),
                "markup in an entity": document("<root>&x;</root>", '<!ENTITY x "<script>x</script>">'),
                "markup in an entity, escaped": document("<root>&x;</root>", '<!ENTITY x "&#60;script/&#62;">'),
                "a parameter entity that declares another": document("<root/>", '<!ENTITY % x "<!ENTITY y SYSTEM \'z\'>"> %x;'),
                "a parameter entity that nobody declares": document(
                    "<root/>", f"%x; {SECRET}", external='PUBLIC "x" "http://www.w3.org/x.dtd"'
                ),
                "more entities than anybody needs": document(
                    "<root/>", "".join(f'<!ENTITY e{n} "x">' for n in range(100))
                ),
            },
            rule="xml-entity", severity="high", name="model.xml",
        ),
        *several(
            "7.2",
            {
                "a document type in a model of OpenVINO": net(layer("Parameter"), subset="<!ELEMENT net ANY>"),
                "a document type in PMML": (pmml("<Header/>", subset="<!ELEMENT PMML ANY>"), {"name": "model.pmml"}),
            },
            rule="xml-doctype", severity="high", name="model.xml",
        ),
    ],
    "XML: what is run": [
        *several(
            "7.5",
            {
                "a stylesheet in place of a model": document(f'<xsl:stylesheet version="1.0" {XSLT}/>'),
                "a copy in a document": document(
                    f'<root><x:copy-of select="document(1)" {XSLT.replace("xsl=", "x=")}/></root>'
                ),
                "a template in a document": document(f'<root {XSLT}><xsl:value-of select="document(\'x\')"/></root>'),
            },
            rule="xml-stylesheet", severity="high", name="model.xml",
        ),
        *several(
            "7.5",
            {
                "a stylesheet that calls Java": (
                    document(f'<xsl:stylesheet {XSLT} xmlns:r="xalan://java.lang.Runtime"/>'), {"name": "report.xsl"}
                ),
                "a script of Microsoft's processor": (
                    document(f'<xsl:stylesheet {XSLT}><m:script xmlns:m="urn:x"/></xsl:stylesheet>'), {"name": "report.xsl"}
                ),
                "an object of Java's XMLDecoder": document('<java class="java.beans.XMLDecoder"/>'),
                "a bean of Spring": document('<beans><bean id="x" class="java.lang.ProcessBuilder"/></beans>'),
                "an object of XAML": document('<ResourceDictionary><ObjectDataProvider MethodName="Start"/></ResourceDictionary>'),
            },
            rule="xml-object", severity="high", name="model.xml",
        ),
        *several(
            "10",
            {
                "a script": svg("<script>marker()</script>"),
                "a script elsewhere": svg('<script href="http://198.51.100.7/x.js"/>'),
                "an event": svg(attributes='onload="marker()"'),
                "a link": svg('<a href="javascript:marker()"><text>x</text></a>'),
                "a link that is spelled oddly": svg('<a href=" java&#10;Script:marker()"><text>x</text></a>'),
                "a page in an address": svg('<a href="data:text/html,x"><text>x</text></a>'),
                "an animation that sets an event": svg('<set attributeName="onclick" to="marker()"/>'),
                "a frame": svg('<foreignObject><iframe src="http://198.51.100.7"/></foreignObject>'),
                "in XHTML": (
                    document('<html xmlns="http://www.w3.org/1999/xhtml"><script>marker()</script></html>'),
                    {"name": "x.xhtml"},
                ),
                "in another document, by its namespace": (
                    document('<r><s:script xmlns:s="http://www.w3.org/2000/svg">marker()</s:script></r>'), {"name": "x.xml"}
                ),
                "an event that every element has": svg("<g/>", subset="<!ATTLIST g onload CDATA 'marker()'>"),
                "PHP": document("<svg><?php marker() ?></svg>"),
                "an event in front of its namespace": (
                    document('<r><s:g onload="marker()" xmlns:s="http://www.w3.org/2000/svg"/></r>'), {"name": "x.xml"}
                ),
                "spelled by an entity": svg('<a href="&j;:marker()"/>', subset='<!ENTITY j "javascript">'),
            },
            **SUSPICIOUS, rule="xml-script", name="logo.svg",
        ),
    ],
}  # fmt: skip
