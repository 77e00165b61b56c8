// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import Scheduling

/// Choosing nodes alone: no cluster state, no engines.
struct SchedulerBenchmark: Benchmark {
    let name = "scheduler"
    let abstract = "placements without engines"

    /// The kinds of placement that are measured.
    private static let forms: [TaskForm] = [
        TaskForm("no claims") { _ in PlacementRequest() },
        TaskForm("CPUs and memory") { PlacementRequest(claim: TaskForm.claim($0)) },
        TaskForm("CPUs and memory", strategy: "binpack") { PlacementRequest(claim: TaskForm.claim($0)) },
        TaskForm("CPUs and memory", strategy: "random") { PlacementRequest(claim: TaskForm.claim($0)) },
        TaskForm("CPUs and memory", strategy: "spread:rack") { PlacementRequest(claim: TaskForm.claim($0)) },
        TaskForm("a published port") { PlacementRequest(ports: [HostPort(UInt16(8000 + $0 % 997))]) },
    ]

    private func forms() throws -> [TaskForm] {
        let constraints = try ["storage==ssd", "region==eu-*", "node!=/^node-.*7$/"].map {
            try PlacementExpression(parsing: $0)
        }
        let affinities = [try PlacementExpression(parsing: "image==~redis:latest")]
        return Self.forms + [
            TaskForm("four conditions") { number in
                PlacementRequest(claim: TaskForm.claim(number), constraints: constraints, affinities: affinities)
            }
        ]
    }

    func run(_ report: Report, _ settings: BenchmarkSettings) throws {
        for (tasks, nodes, budget) in [(1000, 1000, 0.020), (100_000, 10_000, 3.0)] {
            let reference = Self.copying(nodes: nodes, times: tasks)
            for form in try forms() {
                var field = try PlacementField(nodes: nodes, form: form)
                let seconds = try Stopwatch.seconds {
                    for number in 0..<tasks {
                        try field.place(number)
                    }
                }
                report.add(
                    Figure(
                        what: "scheduler: \(form.strategy), \(form.name)",
                        load: "\(tasks) tasks on \(nodes) nodes",
                        value: seconds,
                        budget: budget,
                        reference: reference
                    )
                )
            }
        }
        try growth(report)
        try refusal(report)
    }

    /// One placement, with ever more containers that are there already.
    private func growth(_ report: Report) throws {
        var reference: Figure.Reference?
        for existing in [100, 1000, 10_000, 100_000] {
            var field = try PlacementField(nodes: 1000, form: Self.forms[1])
            for number in 0..<existing {
                try field.place(number)
            }
            let samples = try (0..<2000).map { number in
                try Stopwatch.seconds { try field.place(existing + number) }
            }
            let value = samples.quantile(0.5)
            report.add(
                Figure(
                    what: "scheduler: one placement, p50",
                    load: "\(existing) containers on 1000 nodes",
                    value: value,
                    reference: reference
                )
            )
            reference = reference ?? Figure.Reference(name: "with 100 containers", value: value)
        }
    }

    /// The answer when no node can host a container, which names them all.
    private func refusal(_ report: Report) throws {
        let tape = try PlacementExpression(parsing: "storage==tape")
        let form = TaskForm("nothing fits") { _ in PlacementRequest(constraints: [tape]) }
        var field = try PlacementField(nodes: 1000, form: form)
        let samples = (0..<50).map { number in Stopwatch.seconds { _ = try? field.place(number) } }
        report.add(
            Figure(what: "scheduler: no node fits, p50", load: "1000 nodes", value: samples.quantile(0.5))
        )
    }

    /// What reading every node for each task would cost at least.
    private static func copying(nodes: Int, times: Int) -> Figure.Reference {
        let size = nodes * MemoryLayout<NodeSnapshot>.stride
        let source = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        defer {
            source.deallocate()
            target.deallocate()
        }
        source.initializeMemory(as: UInt8.self, repeating: 1)
        let rounds = 200
        var sum = 0
        let seconds = Stopwatch.seconds {
            for round in 0..<rounds {
                source[round] = UInt8(truncatingIfNeeded: sum)
                target.copyMemory(from: UnsafeRawBufferPointer(source))
                sum += Int(target[size - 1 - round])
            }
        }
        return Figure.Reference(
            name: "memcpy of all nodes, each time",
            value: seconds / Double(rounds) * Double(sum >= 0 ? times : 0)
        )
    }
}

/// A kind of placement.
struct TaskForm: Sendable {
    let name: String
    let strategy: String
    /// The request of the task with that number.
    let request: @Sendable (Int) -> PlacementRequest

    init(_ name: String, strategy: String = "spread", _ request: @escaping @Sendable (Int) -> PlacementRequest) {
        self.name = name
        self.strategy = strategy
        self.request = request
    }

    /// Ten different sizes; a hundred of the largest fit on a node.
    static func claim(_ number: Int) -> Resources {
        Resources(nanoCPUs: Int64(1 + number % 5) * 50_000_000, memory: Int64(1 + number % 10) << 26)
    }
}

/// Nodes with what clusters have, and the containers placed so far.
struct PlacementField {
    private let form: TaskForm
    private let scheduler: Scheduler
    private var table: NodeTable
    private var ties = TieBreaker()
    private var placed = 0

    init(nodes: Int, form: TaskForm) throws {
        self.form = form
        scheduler = try Scheduler(strategy: form.strategy)
        table = scheduler.makeTable()
        for number in 0..<nodes {
            _ = table.insert(Self.node(number))
        }
    }

    private static func node(_ number: Int) -> NodeSnapshot {
        NodeSnapshot(
            address: "10.\(number >> 16).\(number >> 8 & 255).\(number & 255):2376",
            id: "ID\(number)",
            name: "node-\(number)",
            labels: [
                "storage": number % 3 == 0 ? "disk" : "ssd", "region": number % 2 == 0 ? "eu-west" : "us-east",
                "rack": "r\(number % 40)", "storagedriver": "overlay2", "ostype": "linux", "architecture": "x86_64",
                "kernelversion": "6.12.\(number % 7)", "operatingsystem": "Debian GNU/Linux 12",
            ],
            capacity: Resources(nanoCPUs: 32_000_000_000, memory: 128 << 30),
            images: number % 5 == 0 ? ["redis:latest", "redis"] : ["busybox:latest", "busybox"]
        )
    }

    /// Chooses a node and puts the task on it.
    mutating func place(_ number: Int) throws {
        let request = form.request(number)
        let slot = try scheduler.choose(for: request, in: &table, using: &ties)
        placed += 1
        let container = NodeContainer(id: "reservation \(placed)", name: "task-\(number)", labels: request.labels)
        table.update(slot) { $0.add(container, claim: request.claim, ports: request.ports) }
    }
}
