"""Messages from JSON against protoc --encode: messages of every type, at random from a seed."""

import base64
import json
import math
import os
import random
import subprocess
import tempfile

import brink
import tap

HERE = os.path.dirname(os.path.abspath(__file__))
PROTOS = os.path.join(HERE, "..", "data", "grpc")
TOOL = os.path.join(os.path.dirname(brink.PATH), "tests", "lib", "grpc_encode")
SEED = int(os.environ.get("BRINK_SEED", "1"))
MESSAGES = 3000 if tap.LONG else 200

BOUNDS = {
    "int32": (-2**31, 2**31 - 1), "sint32": (-2**31, 2**31 - 1), "sfixed32": (-2**31, 2**31 - 1),
    "int64": (-2**63, 2**63 - 1), "sint64": (-2**63, 2**63 - 1), "sfixed64": (-2**63, 2**63 - 1),
    "uint32": (0, 2**32 - 1), "fixed32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1), "fixed64": (0, 2**64 - 1),
}
COLOURS = {"NONE": 0, "RED": 1, "GREEN": 2, "DEEP": -7}
SCALARS = {
    "d": "double", "f": "float", "i64": "int64", "u64": "uint64", "i32": "int32",
    "f64": "fixed64", "f32": "fixed32", "b": "bool", "s": "string", "raw": "bytes",
    "u32": "uint32", "colour": "enum", "sf32": "sfixed32", "sf64": "sfixed64",
    "si32": "sint32", "si64": "sint64", "nested": "All", "maybe_i32": "int32",
    "maybe_s": "string",
}
LISTS = {
    "many_d": "double", "many_f": "float", "many_i64": "int64", "many_b": "bool",
    "many_s": "string", "many_nested": "All", "many_raw": "bytes", "many_colour": "enum",
    "many_si32": "sint32", "loose_f32": "fixed32",
}
MAPS = {
    "by_i32": ("int32", "string"), "by_i64": ("int64", "All"), "by_u32": ("uint32", "double"),
    "by_u64": ("uint64", "bytes"), "by_si32": ("sint32", "enum"), "by_si64": ("sint64", "bool"),
    "by_f32": ("fixed32", "float"), "by_f64": ("fixed64", "sint64"),
    "by_sf32": ("sfixed32", "uint32"), "by_sf64": ("sfixed64", "int32"),
    "by_b": ("bool", "string"), "by_s": ("string", "int64"),
}
ONEOF = {"one_i32": "int32", "one_s": "string", "one_nested": "All", "one_colour": "enum"}


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


class Maker:
    """Makes a value twice: as JSON's object, and as protobuf's text."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def whole(self, kind):
        low, high = BOUNDS[kind]
        choice = self.random.random()
        n = (self.random.choice([low, high, 0, 1, max(low, -1)]) if choice < 0.3 else
             self.random.randint(max(low, -300), 300) if choice < 0.6 else
             self.random.randint(low, high))
        return self.random.choice([n, str(n)]), str(n)

    def real(self, kind):
        choice = self.random.random()
        if choice < 0.1:
            name = self.random.choice(["NaN", "Infinity", "-Infinity"])
            return name, {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}[name]
        if choice < 0.3:
            n = self.random.choice([0.0, -0.0, 1.0, -1.5, 1e-40, 16777217.0])
        else:
            n = math.ldexp(self.random.uniform(-1, 1), self.random.randint(-120, 120))
        if kind == "double" and choice > 0.9:
            n = self.random.choice([1e308, 5e-324, 0.1])
        return n, repr(n)

    def text(self):
        alphabet = 'ab "\\\n\u00e4\u20ac\U0001f600\x00/'
        s = "".join(self.random.choice(alphabet) for _ in range(self.random.randrange(6)))
        return s, quoted(s.encode())

    def raw(self):
        data = bytes(self.random.randrange(256) for _ in range(self.random.randrange(9)))
        code = base64.b64encode(data).decode()
        if self.random.random() < 0.5:
            code = code.replace("+", "-").replace("/", "_").rstrip("=")
        return code, quoted(data)

    def value(self, kind, depth):
        if kind in BOUNDS:
            return self.whole(kind)
        if kind in ("double", "float"):
            return self.real(kind)
        if kind == "bool":
            b = self.random.random() < 0.5
            return b, str(b).lower()
        if kind == "string":
            return self.text()
        if kind == "bytes":
            return self.raw()
        if kind == "enum":
            name = self.random.choice(list(COLOURS))
            return self.random.choice([name, COLOURS[name]]), name
        body, text = self.message(depth + 1)
        return body, "{" + text + "}"

    def key(self, kind):
        while True:
            value, text = self.value(kind, 9)
            if kind != "string" or "\0" not in value:
                break
        return text if kind != "string" else value, text

    def message(self, depth=0):
        """Its fields in any order, some of them; the text is in the order of numbers' names."""
        names = list(SCALARS) + list(LISTS) + list(MAPS) + [self.random.choice(list(ONEOF))]
        share = [0.4, 0.15, 0.05][min(depth, 2)]
        body, text = {}, []
        for name in names:
            if self.random.random() > share or (depth > 3 and name != "b"):
                continue
            key = self.random.choice([name, camel(name)])
            body[key], more = self.field(name, depth)
            text += more
        items = list(body.items())
        self.random.shuffle(items)
        if self.random.random() < 0.1:
            items.append(("known", None))
        return dict(items), " ".join(text)

    def field(self, name, depth):
        if name in LISTS:
            pairs = [self.value(LISTS[name], depth) for _ in range(self.random.randrange(4))]
            return [v for v, _ in pairs], [f"{name}: {t}" for _, t in pairs]
        if name in MAPS:
            made, text = {}, []
            for _ in range(self.random.randrange(4)):
                key, key_text = self.key(MAPS[name][0])
                value, value_text = self.value(MAPS[name][1], depth)
                if key not in made:
                    made[key] = value
                    text.append(f"{name} {{key: {key_text} value: {value_text}}}")
            return made, text
        value, text = self.value(SCALARS.get(name) or ONEOF[name], depth)
        return value, [f"{name}: {text}"]


def quoted(data):
    return '"' + "".join(f"\\{byte:03o}" for byte in data) + '"'


def protoc(*args, text=b""):
    done = subprocess.run(["protoc", f"--proto_path={PROTOS}", *args], input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    tap.equal(done.returncode, 0, f"exit code of protoc {args}: {done.stderr[:300]}, {text[:300]}")
    return done.stdout


class Encoder:
    """The program that encodes as brink does, of a .proto and a type."""

    def __init__(self, proto, kind):
        self.kind = kind
        self.set = tempfile.NamedTemporaryFile(suffix=".protoset")  # pylint: disable=R1732
        protoc("--include_imports", f"--descriptor_set_out={self.set.name}", proto)

    def lines(self, texts):
        done = subprocess.run([TOOL, self.set.name, self.kind], input="\n".join(texts) + "\n",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False)
        tap.equal((done.returncode, done.stderr), (0, ""), "how the encoder ended")
        return done.stdout.split("\n")[:-1]

    def line(self, text):
        return self.lines([text])[0]


def decoded(proto, kind, data):
    """As text, entries of maps in a fixed order."""
    text = protoc(f"--decode={kind}", proto, text=data)
    return protoc(f"--encode={kind}", "--deterministic_output", proto, text=text)


@tap.test
def messages_of_every_type_are_encoded_as_protoc_does():
    made = [Maker(SEED * 1000003 + n).message() for n in range(MESSAGES)]
    lines = Encoder("types.proto", "types.All").lines([json.dumps(body) for body, _ in made])
    same = 0
    for n, (line, (body, text)) in enumerate(zip(lines, made)):
        where = f"message {n} of seed {SEED}: {json.dumps(body)[:400]}"
        tap.equal(line.startswith("error"), False, f"{where}: {line[:200]}")
        theirs = protoc("--encode=types.All", "types.proto", text=text.encode())
        ours = bytes.fromhex(line)
        same += ours == theirs
        if ours != theirs:  # entries of a map have no order
            tap.equal(len(ours), len(theirs), f"length of {where}")
            tap.equal(decoded("types.proto", "types.All", ours),
                      decoded("types.proto", "types.All", theirs), where)
    print(f"# {same} of {MESSAGES} byte for byte, the others but for the order of maps' entries")


KNOWN = [
    ({"at": "1970-01-01T00:00:00Z"}, "at {}"),
    ({"at": "2026-01-31T12:34:56.789Z"}, "at {seconds: 1769862896 nanos: 789000000}"),
    ({"at": "2026-01-31T12:34:56+02:00"}, "at {seconds: 1769855696}"),
    ({"at": "0001-01-01T00:00:00Z"}, "at {seconds: -62135596800}"),
    ({"lasts": "1.5s"}, "lasts {seconds: 1 nanos: 500000000}"),
    ({"lasts": "-0.000000001s"}, "lasts {nanos: -1}"),
    ({"mask": "user.displayName,orderId"}, 'mask {paths: "user.display_name" paths: "order_id"}'),
    ({"object": {"a": 1, "b": [True, None, "x", {}]}},
     'object {fields {key: "a" value {number_value: 1}} fields {key: "b" value {list_value {'
     'values {bool_value: true} values {null_value: NULL_VALUE} values {string_value: "x"} '
     'values {struct_value {}}}}}}'),
    ({"value": None}, "value {null_value: NULL_VALUE}"),
    ({"value": "x"}, 'value {string_value: "x"}'),
    ({"values": [0, 1.5]}, "values {values {number_value: 0} values {number_value: 1.5}}"),
    ({"doubleValue": 0}, "double_value {}"),
    ({"floatValue": 1.5}, "float_value {value: 1.5}"),
    ({"int64Value": "-5"}, "int64_value {value: -5}"),
    ({"uint64Value": 18446744073709551615}, "uint64_value {value: 18446744073709551615}"),
    ({"int32Value": 7.0}, "int32_value {value: 7}"),
    ({"uint32Value": 1e3}, "uint32_value {value: 1000}"),
    ({"boolValue": True}, "bool_value {value: true}"),
    ({"stringValue": ""}, "string_value {}"),
    ({"bytesValue": "AQI"}, 'bytes_value {value: "\\001\\002"}'),
    ({"null": None}, ""),
]


@tap.test
def the_known_types_have_forms_of_their_own():
    encoder = Encoder("types.proto", "types.Known")
    for body, text in KNOWN:
        theirs = protoc("--encode=types.Known", "types.proto", text=text.encode())
        tap.equal(encoder.line(json.dumps(body)), theirs.hex(), f"{body}")


OLD = [
    ({"id": 0}, "id: 0"),
    ({"id": 1, "loose": [1, 2], "tight": [1, 2]}, "id: 1 loose: [1, 2] tight: [1, 2]"),
    ({"id": 1, "name": "", "flag": False, "ratio": 0}, 'id: 1 name: "" flag: false ratio: 0'),
    ({"id": 1, "size": "LARGE", "sizes": [1, "LARGE"]}, "id: 1 size: LARGE sizes: [SMALL, LARGE]"),
    ({"id": 1, "nested": {"id": 2}}, "id: 1 nested {id: 2}"),
]


@tap.test
def proto2_says_what_was_set_and_packs_only_where_it_is_told_to():
    encoder = Encoder("types2.proto", "types2.Old")
    for body, text in OLD:
        theirs = protoc("--encode=types2.Old", "types2.proto", text=text.encode())
        tap.equal(encoder.line(json.dumps(body)), theirs.hex(), f"{body}")


REFUSED = [
    ('{"d": "x"}', '$.d: "x" is not a double'),
    ('{"nested": {"manyNested": [{}, {"b": 1}]}}', "$.nested.many_nested[1].b: 1 is not a bool"),
    ('{"i32": 2147483648}', "$.i32: 2147483648 is not an int32: it is out of bounds"),
    ('{"i32": 1.5}', "$.i32: 1.5 is not an int32"),
    ('{"u64": 18446744073709551616}', "is not a uint64: it is out of bounds"),
    ('{"u32": -1}', "$.u32: -1 is not a uint32: it is out of bounds"),
    ('{"i64": "9223372036854775808"}', "is not an int64: it is out of bounds"),
    ('{"f": 1e39}', "$.f: 1e39 is not a float: it is out of bounds"),
    ('{"f": "-Inf"}', '$.f: "-Inf" is not a float'),
    ('{"s": 5}', "$.s: 5 is not text"),
    ('{"raw": "*"}', '$.raw: "*" is not bytes in base64'),
    ('{"colour": "REDD"}', 'of the enum types.Colour; did you mean "RED"?'),
    ('{"nestd": {}}', 'types.All has no field "nestd"; did you mean "nested"?'),
    ('{"oneI32": 1, "one_s": "x"}', 'only one of "one_i32" and "one_s" can be set'),
    ('{"many_s": "x"}', '$.many_s: "x" is not a list'),
    ('{"many_s": ["x", null]}', "$.many_s[1]: null cannot be one of a list"),
    ('{"by_i32": {"x": "y"}}', '$.by_i32["x"]: "x" is not an int32'),
    ('{"by_b": {"yes": "y"}}', '$.by_b["yes"]: "yes" is not a bool'),
    ('{"many_s": [], "manyS": []}', "are the same field"),
    ('{"b": true, "b": false}', "duplicate object key"),
    ('{"known": {"any": {}}}', "$.known.any: google.protobuf.Any is not supported"),
    ('{"known": {"at": "2026-02-30T00:00:00Z"}}', "$.known.at: "),
    ('{"known": {"lasts": "1"}}', "is not a duration"),
    ("[{}]", "is not an object"),
    ("{", "not JSON, line "),
    ('{"nested":' * 101 + "{}" + "}" * 101, "more than 100 messages within one another"),
]


@tap.test
def what_is_wrong_is_told_by_its_place():
    encoder = Encoder("types.proto", "types.All")
    for text, words in REFUSED:
        line = encoder.line(text)
        tap.equal(line.startswith("error: ") and words in line, True, f"{text[:80]}: {line}")
    encoder = Encoder("types2.proto", "types2.Old")
    for text, words in [("{}", '$: "id" is missing: it is required'),
                        ('{"id": 1, "size": 3}', "$.size: 3 is not of the enum types2.Size"),
                        ('{"id": 1, "inner": {}}', "$.inner: groups are not supported")]:
        line = encoder.line(text)
        tap.equal(line.startswith("error: ") and words in line, True, f"{text[:80]}: {line}")


tap.main()
