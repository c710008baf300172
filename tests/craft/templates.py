"""Jinja templates: those that reach for Python, each in another spelling, and honest ones in the shapes that models have."""

REACHES = {
    "a walk over classes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "the globals of a helper": "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "a helper under another name": "{% set q = joiner %}{{ q.__init__ }}",
    "a filter": "{{ x|attr('__class__') }}",
    "escapes": r"{{ x|attr('\x5f\x5fclass\x5f\x5f') }}",
    "joined": "{{ x|attr(['__cl', 'ass__']|join) }}",
    "joined by a method": "{{ x|attr(''.join(['__cl', 'ass__'])) }}",
    "concatenated": "{{ x|attr('__cl' ~ 'ass__') }}",
    "added": "{{ x|attr('__cl' + 'ass__') }}",
    "side by side": "{{ x['__cla' 'ss__'] }}",
    "by format": "{{ x|attr('%s%s'|format('__cla', 'ss__')) }}",
    "by percent": "{{ x|attr('%sss__' % '__cla') }}",
    "letter by letter": "{{ '%c%c'|format(95, 95) ~ 'class__' }}",
    "by braces": "{{ '{}{}'.format('__cla', 'ss__') }}",
    "reversed": "{{ x|attr('__ssalc__'|reverse) }}",
    "replaced": "{{ x|attr('XXclassXX'|replace('X', '_')) }}",
    "sliced": "{{ x|attr('__ssalc__'[::-1]) }}",
    "a letter of each": "{{ x|attr('_a'[0] ~ '_class__') }}",
    "in another case": "{{ x['__CLASS__'|lower] }}",
    "keys of a dict": "{{ x|attr(dict(__cla=1, ss__=2)|join) }}",
    "keys of a literal": "{{ x|attr({'__cla': 1, 'ss__': 2}|join) }}",
    "variables": "{% set a = '__cl' %}{% set b = 'ass__' %}{{ x|attr(a ~ b) }}",
    "several variables at once": "{% set a, b = '__cl', 'ass__' %}{{ x|attr(a ~ b) }}",
    "a namespace": "{% set ns = namespace(a='__class__') %}{{ x[ns.a] }}",
    "an attribute of a namespace": "{% set ns = namespace() %}{% set ns.a = '__class__' %}{{ x[ns.a] }}",
    "a loop": "{% for k in ['__class__'] %}{{ x[k] }}{% endfor %}",
    "a block": "{% set k %}__class__{% endset %}{{ x[k] }}",
    "a with": "{% with k = '__class__' %}{{ x[k] }}{% endwith %}",
    "a default": "{% macro m(a='__class__') %}{{ x[a] }}{% endmacro %}",
    "one or the other": "{{ x['__class__' if y else 'content'] }}",
    "of each": "{{ [x]|map(attribute='__class__')|list }}",
    "by the name of a filter": "{{ [x]|map('attr', '__class__')|list }}",
    "a selection": "{{ x|selectattr('__class__')|list }}",
    "groups": "{{ x|groupby('__class__') }}",
    "sorted": "{{ x|sort(attribute='a.__class__') }}",
    "a field of a format": "{{ '{0.__class__}'.format(x) }}",
    "an item of a format": "{{ '{0[__class__]}'.format_map(x) }}",
    "a frame": "{{ x.gi_frame.f_globals }}",
    "the template's own": "{{ self._TemplateReference__context }}",
}
COMPUTES = {
    "a filter": "{{ x|attr(y) }}",
    "of each": "{{ [x]|map(attribute=y)|list }}",
    "by the name of a filter": "{{ [x]|map('attr', y)|list }}",
    "joined": "{{ x[y|join] }}",
    "concatenated": "{{ x[a ~ b] }}",
    "more than is followed": "{{ x[('_' * 2) ~ 'class'] }}",
    "a variable": "{% set z = y|join %}{{ x[z] }}",
    "a format that is given": "{{ y.format(x) }}",
}

LLAMA_2 = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}"
    "{% set system_message = false %}{% endif %}{% for message in loop_messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if loop.index0 == 0 and system_message != false %}"
    r"{% set content = '<<SYS>>\n' + system_message + '\n<</SYS>>\n\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
    "{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)
REASONING = r"""
{%- if tools %}
    {{- '<|im_start|>system\n' }}
    {%- if messages[0].role == 'system' %}{{- messages[0].content + '\n\n' }}{%- endif %}
    {{- "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nSignatures:\n<tools>" }}
    {%- for tool in tools %}{{- "\n" }}{{- tool | tojson }}{%- endfor %}
    {{- "\n</tools>\n\nFor each call, return a JSON object with a name and arguments:\n<tool_call>\n{\"name\": <name>}" }}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string
        and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}{%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- macro render(value, depth=0) %}{{ '  ' * depth }}{% if value is mapping %}{% for k, v in value.items() %}{{ k }}: {{
    render(v, depth + 1) }}{% endfor %}{% else %}{{ value|string }}{% endif %}{% endmacro %}
{%- for message in messages %}
    {%- set content = message.content %}
    {%- if message.role == "assistant" %}
        {%- set reasoning = '' %}
        {%- if message.reasoning_content is string %}{%- set reasoning = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set reasoning = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\n') %}
        {%- endif %}
        {{- '<|im_start|>' + message.role + '\n<think>\n' + reasoning.strip('\n') + '\n</think>\n\n' }}
        {% generation %}{{ content }}{% endgeneration %}
        {%- for call in message.tool_calls or [] %}{{ render(call.function.arguments) }}{% break %}{%- endfor %}
    {%- elif message.role == "tool" and (loop.first or messages[loop.index0 - 1].role != "tool") %}
        {{- '<|im_start|>user' }}
    {%- elif message.role in ['developer', 'system'] %}{{ roles[message['role']] }}{{ message[key] }}
    {%- endif %}
{%- endfor %}
{{ "Cutting Knowledge Date: December 2023\nToday: " ~ strftime_now("%d %b %Y") }}
{%- if enable_thinking is defined and not enable_thinking %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}
{%- for i in range(10) %}{{ documents[i].title }}{% endfor %}{{ items|map(attribute='name')|join(', ') }}
{% do names.append('%s: %d'|format(a, b)) %}{{ tools|selectattr('type', 'equalto', 'function')|list|length }}
"""
HONEST = {"llama-2": LLAMA_2, "one that reasons and calls tools": REASONING}
