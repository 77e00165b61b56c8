// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

package import DockerAPI
internal import Scheduling

/// Images, networks and volumes: whole lists replace whole lists, unless a newer one came first.
extension ClusterCore {
    package mutating func setImages(
        _ images: [ImageSummary],
        of address: String,
        now: Double,
        read number: UInt64
    ) {
        guard isNews(number, about: "images", on: address) else {
            return
        }
        guard let old = node(at: address)?.images else {
            return
        }
        noteImages(from: old, to: images)
        let names = sharedNames(of: images)
        update(address) { fields, placement in
            fields.images = images
            fields.updatedAt = now
            placement.images = names
        }
    }

    mutating func setNetworks(_ networks: [NetworkSummary], of address: String, now: Double, read number: UInt64) {
        guard isNews(number, about: "networks", on: address) else {
            return
        }
        update(address) { fields, placement in
            fields.networks = networks
            fields.updatedAt = now
            placement.networks = Set(networks.lazy.filter { $0.scope == "local" }.map(\.name))
        }
    }

    mutating func setVolumes(_ volumes: [VolumeSummary], of address: String, now: Double, read number: UInt64) {
        guard isNews(number, about: "volumes", on: address) else {
            return
        }
        update(address) { fields, placement in
            fields.volumes = volumes
            fields.updatedAt = now
            placement.volumes = Set(volumes.lazy.filter { $0.scope == "local" }.map(\.name))
        }
    }

    /// Whether a node has an image with this tag, digest, id or short id.
    func hasImage(_ reference: String) -> Bool {
        placements.hasImage(ImageReference.normalized(reference)) || placements.hasImage(reference)
    }

    /// ``names(of:)``, kept once for nodes with the same images.
    private mutating func sharedNames(of images: [ImageSummary]) -> Set<String> {
        let key = images.map(\.raw)
        if let known = imageNames[key] {
            return known
        }
        let names = Self.names(of: images)
        if imageNames.count >= Self.imageListLimit {
            imageNames = [:]
        }
        imageNames[key] = names
        return names
    }

    /// Everything an affinity may name: ids, also short as `docker images` prints them, tags, digests, and tags without their version.
    private static func names(of images: [ImageSummary]) -> Set<String> {
        var names: Set<String> = []
        for image in images {
            let digits = image.id.drop { $0 != ":" }.dropFirst()
            names.formUnion([image.id, String(digits), String(digits.prefix(12))])
            names.formUnion(image.repoTags)
            names.formUnion(image.repoDigests)
            names.formUnion(image.repoTags.map { ImageReference.repository(of: $0) })
        }
        return names
    }
}
