// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import DockerAPI
import NIOCore
import Testing

@Suite("JSON")
struct JSONTests {
    @Test("a field that is not understood keeps its bytes when its neighbour is replaced")
    func unknownFieldsSurvive() throws {
        let json = try JSON(parsing: #"{"New":{"x": 1.50e+3, "y":"\u00e9\/"},"Id":"a","Id2":[ 1 ,2]}"#)

        let changed = json.rewriting { $0["Id"] = "b" }

        #expect(changed.text == #"{"New":{"x": 1.50e+3, "y":"\u00e9\/"},"Id":"b","Id2":[ 1 ,2]}"#)
    }

    @Test("members are set in place, appended and removed")
    func objectEdits() throws {
        var object = JSONObject(try JSON(parsing: #"{"a":1,"b":2,"c":3}"#))

        object["b"] = [true, "x"]
        object["d"] = .null
        object["a"] = nil

        #expect(object.json.text == #"{"b":[true,"x"],"c":3,"d":null}"#)
    }

    @Test("of two members with one name the last counts, and null counts as missing")
    func lookup() throws {
        let json = try JSON(parsing: #"{"a":1,"a":2,"n":null,"\u0062":"B"}"#)

        #expect(json["a"]?.int == 2)
        #expect(json["n"] == nil)
        #expect(json["b"]?.string == "B")
        #expect(json["c"] == nil)
    }

    @Test("members found at once are those that are looked up one by one")
    func fields() throws {
        let json = try JSON(parsing: #"{"a":1,"a":{"b":[2,"}"]},"n":null,"\u0062":"B"}"#)

        let fields = json.fields

        #expect(fields["a"] == json["a"])
        #expect(fields["a"]?.fields["b"]?.text == #"[2,"}"]"#)
        #expect(fields["n"] == nil)
        #expect(fields["b"]?.string == "B")
        #expect(fields.place(of: "a") == nil)
        #expect(fields.place(of: "n") == 29..<33)
        #expect(JSON(1).fields.isEmpty)
    }

    @Test("quotes, escapes and control characters are found wherever they are in a string")
    func longStrings() throws {
        for length in 0..<40 {
            let filler = String(repeating: "é", count: length / 2) + String(repeating: "x", count: length % 2)
            let end = String(repeating: "y", count: 40 - length)

            let json = try JSON(parsing: #"["\#(filler)\"\#(end)\\","\#(filler)",{"\#(filler)":"\#(end)]}"}]"#)
            #expect(json.elements.map(\.string) == ["\(filler)\"\(end)\\", filler, nil])
            #expect(json.elements.last?[filler]?.string == "\(end)]}")

            let error = #expect(throws: JSONError.self) { try JSON(parsing: "\"\(filler)\u{1F}\(end)\"") }
            #expect(error?.problem == .unexpectedByte)
            #expect(error?.offset == 1 + filler.utf8.count)
        }
    }

    @Test("names in requests are found whatever their case")
    func caseInsensitive() throws {
        var object = JSONObject(try JSON(parsing: #"{"hostconfig":{}}"#))

        #expect(object.field("HostConfig") != nil)
        object.normalizeCase(of: ["HostConfig"])
        #expect(object.json.text == #"{"HostConfig":{}}"#)
    }

    @Test(
        "strings are unescaped as Go does",
        arguments: [
            (literal: #""a\"\\\/\b\f\n\r\t""#, value: "a\"\\/\u{8}\u{c}\n\r\t"),
            (literal: #""\u00e9\ud83d\ude00""#, value: "é😀"),
            (literal: #""\ud83d!""#, value: "\u{FFFD}!"),
            (literal: #""\ude00\ud83d\u0041""#, value: "\u{FFFD}\u{FFFD}A"),
        ]
    )
    func unescape(literal: String, value: String) throws {
        #expect(try JSON(parsing: literal).string == value)
    }

    @Test("a string written and read again is the same", arguments: ["", "a\"b\\c", "\u{1}\u{1f}\n\r\t/", "é😀\u{7f}"])
    func roundTrip(text: String) throws {
        #expect(try JSON(parsing: JSON(text).text).string == text)
    }

    @Test(
        "bad text is refused with the offset of the first wrong byte",
        arguments: [
            (text: "", offset: 0), (text: "{", offset: 1), (text: #"{"a" 1}"#, offset: 5), (text: "[1,]", offset: 3),
            (text: "01", offset: 1), (text: "1.", offset: 2), (text: "-", offset: 1), (text: "nul", offset: 3),
            (text: "\"a\nb\"", offset: 2), (text: #""\x""#, offset: 2), (text: #""\u12g4""#, offset: 5),
            (text: "{} {}", offset: 3), (text: "[1 2]", offset: 3), (text: #"{"a":1,}"#, offset: 7),
        ]
    )
    func refused(text: String, offset: Int) throws {
        let error = try #require(throws: JSONError.self) { try JSON(parsing: text) }

        #expect(error.offset == offset)
    }

    @Test("deep nesting is refused and does not overflow the stack")
    func deepNesting() throws {
        let text = String(repeating: "[", count: 1_000_000)

        let error = try #require(throws: JSONError.self) { try JSON(parsing: text) }

        #expect(error.problem == .tooDeep)
    }

    @Test("no text made of JSON's bytes at random can trap")
    func randomText() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array(#"{}[]",:\u0d8eE+-.1tfnrl \#u{0}"#.utf8) + [0xFF, 0xC3, 0x80]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0..<24, using: &generator)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            if let json = try? JSON(parsing: bytes) {
                _ = (json.string, json.int, json.double, json.elements, json.stringMap, json["1"])
                #expect(throws: Never.self) { try JSON(parsing: JSONObject(json).json.text) }
            }
        }
    }

    @Test("numbers are whole or not, and in range or not")
    func numbers() throws {
        #expect(try JSON(parsing: "1e3").int == 1000)
        #expect(try JSON(parsing: "1.5").int == nil)
        #expect(try JSON(parsing: "1e400").int == nil)
        #expect(try JSON(parsing: "-0.5").double == -0.5)
        #expect(try JSON(parsing: "\"1\"").int == nil)
    }

    @Test("lines are cut wherever the chunks end")
    func lines() throws {
        var lines = JSONLines()

        #expect(try lines.append(ByteBuffer(string: "{\"a\":1}\r\n\n{\"a\"")).compactMap { $0["a"]?.int } == [1])
        #expect(try lines.append(ByteBuffer(string: ":2}\n{\"a\":3}")).compactMap { $0["a"]?.int } == [2])
        #expect(try lines.finish()?["a"]?.int == 3)
    }
}
