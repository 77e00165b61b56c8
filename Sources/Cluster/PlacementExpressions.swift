// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import DockerAPI
package import Scheduling

/// The placement expressions of a request, wherever the client put them: environment, labels, build arguments.
package struct PlacementExpressions: Sendable, Equatable {
    /// The kinds, by prefix in the environment.
    package enum Kind: String, Sendable, CaseIterable {
        case constraint
        case affinity
        case whitelist
        case reschedule

        /// The label that keeps them, a JSON array.
        package var label: String {
            switch self {
            case .constraint: "com.docker.swarm.constraints"
            case .affinity: "com.docker.swarm.affinities"
            case .whitelist: "com.docker.swarm.whitelists"
            case .reschedule: "com.docker.swarm.reschedule-policies"
            }
        }
    }

    /// As written, without prefix, in order and without repetition.
    package private(set) var texts: [Kind: [String]] = [:]

    package init() {}

    package mutating func append(_ kind: Kind, _ text: String) {
        if texts[kind]?.contains(text) != true {
            texts[kind, default: []].append(text)
        }
    }

    /// Takes one entry of an environment (`constraint:storage==ssd`); false when it is none of ours.
    package mutating func take(_ entry: String) -> Bool {
        for kind in Kind.allCases where entry.hasPrefix(kind.rawValue + ":") {
            append(kind, String(entry.dropFirst(kind.rawValue.count + 1)))
            return true
        }
        return false
    }

    /// Takes what earlier placements left in labels.
    package mutating func take(labels: [String: String]) {
        for kind in Kind.allCases {
            guard let text = labels[kind.label], let json = try? JSON(parsing: text) else {
                continue
            }
            for expression in json.strings {
                append(kind, expression)
            }
        }
    }

    /// The labels that keep them.
    package var labels: [String: String] {
        var labels: [String: String] = [:]
        for (kind, texts) in texts {
            labels[kind.label] = JSON(texts).text
        }
        return labels
    }

    /// The expressions of a kind, read.
    ///
    /// - Throws: ``SchedulingError/malformedExpression(text:offset:problem:)``.
    package func parsed(_ kind: Kind) throws(SchedulingError) -> [PlacementExpression] {
        var parsed: [PlacementExpression] = []
        for text in texts[kind] ?? [] {
            parsed.append(try PlacementExpression(parsing: text))
        }
        return parsed
    }
}

extension PlacementRequest {
    /// What a build asks for in its arguments: `--build-arg constraint:storage==ssd`.
    ///
    /// - Parameter buildArguments: by name; `constraint:storage` has the value `=ssd`.
    /// - Throws: ``SchedulingError/malformedExpression(text:offset:problem:)``.
    package init(buildArguments: [String: String]) throws(SchedulingError) {
        var expressions = PlacementExpressions()
        for (name, value) in buildArguments.sorted(by: { $0.key < $1.key }) {
            _ = expressions.take("\(name)=\(value)")
        }
        self.init(
            constraints: try expressions.parsed(.constraint),
            affinities: try expressions.parsed(.affinity),
            whitelists: try expressions.parsed(.whitelist)
        )
    }

    /// The same, but on a node that has the image, if there is one.
    package func preferringImage() -> PlacementRequest {
        var request = self
        if let wish = try? PlacementExpression(parsing: "image==~\(ImageReference.normalized(image))") {
            request.affinities.append(wish)
        }
        return request
    }
}
