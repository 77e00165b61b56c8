// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import GoRPC
internal import Machines

/// A flag of a plug-in, as it tells of it.
struct PluginFlag: Equatable {
    enum Kind: String {
        case string = "StringFlag"
        case integer = "IntFlag"
        case boolean = "BoolFlag"
        case list = "StringSliceFlag"
    }

    var name: String
    var usage: String
    var environment: String
    var kind: Kind
    /// As on a command line; lists joined with `,`.
    var defaultValue: String

    /// Reads an element of the reply to `GetCreateFlags`; `nil` for a kind that is not known.
    init?(_ value: GobValue) {
        guard case .interface(let dynamic?) = value,
            let kind = dynamic.name.split(separator: ".").last.flatMap({ Kind(rawValue: String($0)) }),
            let name = dynamic.value["Name"]?.string, !name.isEmpty
        else {
            return nil
        }
        self.name = name
        self.kind = kind
        usage = dynamic.value["Usage"]?.string ?? ""
        environment = dynamic.value["EnvVar"]?.string ?? ""
        switch kind {
        case .string: defaultValue = dynamic.value["Value"]?.string ?? ""
        case .integer: defaultValue = String(dynamic.value["Value"]?.integer ?? 0)
        case .boolean: defaultValue = ""
        case .list: defaultValue = (dynamic.value["Value"]?.elements ?? []).compactMap(\.string).joined(separator: ",")
        }
    }

    /// The flag as an option of ours.
    var option: DriverOption {
        let kinds: [Kind: DriverOption.Kind] = [.integer: .integer, .boolean: .flag, .list: .list]
        return DriverOption(
            name,
            kind: kinds[kind] ?? .text,
            environment: environment.isEmpty ? nil : environment,
            defaultValue: defaultValue.isEmpty ? nil : defaultValue,
            isSecret: kind == .string && Self.isSecret(name),
            help: usage
        )
    }

    /// Whether the value is a credential; a plug-in does not say, but names are alike.
    static func isSecret(_ name: String) -> Bool {
        let words = name.lowercased().split { "-_.".contains($0) }.map(String.init)
        let isPath = words.contains { ["path", "file", "keypath", "id", "name", "fingerprint"].contains($0) }
        let isKey = words.last == "key" && words.dropLast().last != "ssh" && words.dropLast().last != "public"
        return !isPath && (isKey || words.contains { ["token", "password", "passwd", "secret"].contains($0) })
    }

    /// The value for `SetConfigFromFlags`.
    func argument(_ given: String?) -> GobValue {
        let text = given ?? defaultValue
        switch kind {
        case .string: return Self.text(text)
        case .integer:
            return .interface(GobDynamic(name: "int", type: .integer, value: .integer(Int64(text) ?? 0)))
        case .boolean:
            return Self.truth(text == "true")
        case .list:
            let values = text.split(separator: ",").map { GobValue.string(String($0)) }
            let type = GobType.slice(of: .string, name: "[]string")
            return .interface(GobDynamic(name: "[]string", type: type, value: .list(values)))
        }
    }

    /// The argument of `SetConfigFromFlags`: every flag has a value, and so have those that all drivers read.
    static func arguments(_ flags: [PluginFlag], values: [String: String]) -> GobDynamic {
        let type = GobType.structure(
            name: "RPCFlags",
            fields: [GobField("Values", .map(key: .string, value: .interface, name: "map[string]interface {}"))]
        )
        var pairs = flags.map { GobPair(.string($0.name), $0.argument(values[$0.name])) }
        pairs.append(GobPair(.string("swarm-master"), truth(false)))
        pairs.append(GobPair(.string("swarm-host"), text("")))
        pairs.append(GobPair(.string("swarm-discovery"), text("")))
        let options = GobValue.structure([GobMember(0, "Values", .map(pairs))])
        let dynamic = GobDynamic(name: "*rpcdriver.RPCFlags", type: type, value: options)
        return GobDynamic(type: .interface, value: .interface(dynamic))
    }

    private static func text(_ value: String) -> GobValue {
        .interface(GobDynamic(name: "string", type: .string, value: .string(value)))
    }

    private static func truth(_ value: Bool) -> GobValue {
        .interface(GobDynamic(name: "bool", type: .boolean, value: .boolean(value)))
    }
}
