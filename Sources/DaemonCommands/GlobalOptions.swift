// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import ArgumentParser
internal import Logging

/// What every command of swarmd takes, before or after the command's name.
struct DaemonGlobalOptions: ParsableArguments {
    @Flag(help: "Log at level debug.")
    var debug = false

    @Option(
        name: [.customShort("l"), .customLong("log-level")],
        help: ArgumentHelp("Least severe messages to log: debug, info, warn, error, fatal, panic.", valueName: "level")
    )
    var logLevel = "info"

    @Flag(help: ArgumentHelp("Accepted for compatibility; nothing is experimental.", visibility: .hidden))
    var experimental = false

    init() {}

    func validate() throws {
        guard debug || Self.level(named: logLevel) != nil else {
            throw ValidationError("--log-level takes debug, info, warn, error, fatal or panic, not \"\(logLevel)\"")
        }
    }

    /// A logger that writes to standard error.
    var logger: Logger {
        var logger = Logger(label: "swarmd") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = debug ? .debug : Self.level(named: logLevel) ?? .info
        return logger
    }

    private static func level(named name: String) -> Logger.Level? {
        switch name.lowercased() {
        case "trace": .trace
        case "debug": .debug
        case "info": .info
        case "warn", "warning": .warning
        case "error": .error
        case "fatal", "panic": .critical
        default: nil
        }
    }
}
