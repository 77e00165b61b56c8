// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// Checks of the texts that go into a certificate.
enum CertificateText {
    /// Accepts 1 to 64 characters (the limit of RFC 5280 for these fields) without control characters.
    static func check(_ text: String, field: String) throws(PKIError) {
        let isPlain = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }
        guard !text.isEmpty, text.unicodeScalars.count <= 64, isPlain else {
            throw .badName(field: field, value: text)
        }
    }

    /// The subject alternative name of a node in OpenSSL's notation, without repetitions.
    ///
    /// The notation has separators, so each name is checked to have none.
    static func alternativeNames(of profile: NodeProfile) throws(PKIError) -> String {
        var parts: [String] = []
        // A node's name may be a name that DNS does not allow; it is the common name in any case.
        let ownName = isDNSName(profile.node) && normalizedAddress(profile.node) == nil ? [profile.node] : []
        for name in ownName + profile.dnsNames + ["localhost"] {
            guard isDNSName(name) else {
                throw .badName(field: "DNS name", value: name)
            }
            parts.append("DNS:\(name)")
        }
        for address in profile.addresses + ["127.0.0.1", "::1"] {
            guard let text = normalizedAddress(address) else {
                throw .badAddress(address)
            }
            parts.append("IP:\(text)")
        }
        var seen: Set<String> = []
        return parts.filter { seen.insert($0).inserted }.joined(separator: ",")
    }

    /// Labels of 1 to 63 letters, digits, `-` and `_`, a leading `*` label allowed; 253 in all.
    static func isDNSName(_ name: String) -> Bool {
        var labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count > 1, labels.first == "*" {
            labels.removeFirst()
        }
        return name.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
            }
    }
}
