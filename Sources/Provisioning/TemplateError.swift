// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import SwarmCore

/// Why a template could not be used.
package enum TemplateError: UserFacingError, Equatable {
    case noTemplates(searched: [String])
    case missing(name: String, searched: [String])
    case malformed(path: String, reason: String)

    package var message: String {
        switch self {
        case .noTemplates(let searched):
            "no templates found in \(searched.joined(separator: ", "))"
        case .missing(let name, let searched):
            "no template \"\(name)\" in \(searched.joined(separator: ", "))"
        case .malformed(let path, let reason):
            "the template \"\(path)\" cannot be read: \(reason)"
        }
    }

    package var hint: String? {
        switch self {
        case .noTemplates, .missing:
            "install swarmctl with `make install`, or name the folder in SWARMCTL_TEMPLATES"
        case .malformed: nil
        }
    }

    package var kind: ErrorKind {
        switch self {
        case .noTemplates, .missing: .notFound
        case .malformed: .usage
        }
    }
}
