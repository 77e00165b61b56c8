// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Foundation

/// The configuration that a plug-in keeps of a machine, and the form in which our store keeps it.
///
/// Plug-ins write absolute paths and credentials into it. In the store the folder and each credential
/// are named instead, so that the store can be moved and holds no secret.
struct PluginConfiguration {
    private static let folderMark = "swarmctl-store:"
    private static let secretMark = "swarmctl-secret:"

    /// The folder of the store, absolute.
    let folder: String
    /// Credentials by the option's name.
    let secrets: [String: String]

    /// What a plug-in is told of a new machine.
    func fresh(machine: String) -> [UInt8] {
        let members = ["MachineName": machine, "StorePath": folder]
        let data = try? JSONSerialization.data(withJSONObject: members, options: [.sortedKeys])
        return Array(data ?? Data())
    }

    /// The plug-in's JSON as the store keeps it; `nil` when it is no JSON.
    func stored(_ bytes: [UInt8]) -> String? {
        rewritten(bytes) { text in
            if let secret = secrets.first(where: { !$0.value.isEmpty && $0.value == text }) {
                return Self.secretMark + secret.key
            }
            return text == folder || text.hasPrefix(folder + "/")
                ? Self.folderMark + text.dropFirst(folder.count) : text
        }
        .map { String(decoding: $0, as: UTF8.self) }
    }

    /// The JSON for the plug-in, from that of the store.
    func loaded(_ text: String) -> [UInt8]? {
        rewritten(Array(text.utf8)) { text in
            if text.hasPrefix(Self.secretMark) {
                return secrets[String(text.dropFirst(Self.secretMark.count))] ?? ""
            }
            return text.hasPrefix(Self.folderMark) ? folder + text.dropFirst(Self.folderMark.count) : text
        }
    }

    /// `text` with no credential in it.
    func redacted(_ text: String) -> String {
        secrets.values.filter { $0.count >= 4 }.reduce(text) { $0.replacingOccurrences(of: $1, with: "***") }
    }

    private func rewritten(_ bytes: [UInt8], _ change: (String) -> String) -> [UInt8]? {
        guard let value = try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed]) else {
            return nil
        }
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed]
        return (try? JSONSerialization.data(withJSONObject: walk(value, change), options: options)).map { Array($0) }
    }

    private func walk(_ value: Any, _ change: (String) -> String) -> Any {
        switch value {
        case let text as String: change(text)
        case let list as [Any]: list.map { walk($0, change) }
        case let members as [String: Any]: members.mapValues { walk($0, change) }
        default: value
        }
    }
}
