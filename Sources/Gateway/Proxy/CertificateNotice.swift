// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Cluster
internal import DockerAPI

/// What `info` says of the manager's certificates before they end.
enum CertificateNotice {
    /// How long before an end there is a warning, in seconds.
    private static let notice = 30 * 86400

    /// A line for each end that is near or past; none without TLS.
    static func lines(_ tls: TLSContexts?, at now: Int = Int(WallTime.now)) -> [String] {
        [
            line("the certificate authority", tls?.authorityExpiry, "swarmctl rotate certs --ca", now),
            line("the manager's certificate", tls?.certificateExpiry, "swarmctl rotate certs", now),
        ].compactMap(\.self)
    }

    private static func line(_ what: String, _ end: Int?, _ repair: String, _ now: Int) -> String? {
        guard let end, end - now < notice else {
            return nil
        }
        let date = WallTime.format(Double(end))
        return "\(what) \(end < now ? "ended" : "ends") at \(date): renew it with `\(repair)`"
    }
}
