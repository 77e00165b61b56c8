// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import SwarmCore
import Testing

@Suite("NamespaceName")
struct NamespaceNameTests {
    @Test(
        "roles are three words, and names of namespaces that can be the first part of an image's name",
        arguments: [
            ("admin", true), ("operator", true), ("viewer", true), ("ns:a", true), ("ns:0_a-b", true),
            ("ns:" + String(repeating: "a", count: 63), true), ("ns:" + String(repeating: "a", count: 64), false),
            ("", false), ("root", false), ("Admin", false), ("ns:", false), ("ns:-a", false), ("ns:_a", false),
            ("ns:A", false), ("ns:a.b", false), ("ns:a/b", false), ("ns:a b", false), ("ns:ä", false),
            ("ns:library", false), ("ns:localhost", false),
        ] as [(text: String, isRole: Bool)]
    )
    func roles(text: String, isRole: Bool) {
        #expect(NamespaceName.isRole(text) == isRole)
    }
}
