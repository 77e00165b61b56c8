// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

import Scheduling
import SwarmCore
import Testing

struct DeviceFilterTests {
    private static let gpus = DeviceRequest(count: -1, capabilities: [["gpu"]])

    private func devices(_ change: (inout NodeDevices) -> Void) -> NodeDevices {
        var devices = NodeDevices()
        change(&devices)
        return devices
    }

    private func accepts(_ request: DeviceRequest, _ devices: NodeDevices) throws -> Bool {
        var node = NodeSnapshot(name: "n")
        node.devices = devices
        var board = try PlacementBoard([node])
        return board.candidates(PlacementRequest(devices: [request])) == ["n"]
    }

    @Test("GPUs are found by the runtime, by generic resources and by CDI devices, and missed elsewhere")
    func sources() throws {
        #expect(try accepts(Self.gpus, devices { $0.runtimes = ["runc", "nvidia"] }))
        #expect(try accepts(Self.gpus, devices { $0.named = ["NVIDIA-GPU": ["GPU-1"]] }))
        #expect(try accepts(Self.gpus, devices { $0.counted = ["gpu": 1] }))
        #expect(try accepts(Self.gpus, devices { $0.named = ["nvidia.com/gpu": ["0"]] }))
        #expect(try !accepts(Self.gpus, devices { $0.runtimes = ["runc"] }))
        #expect(try !accepts(Self.gpus, devices { $0.counted = ["gpu": 0] }))
        #expect(try !accepts(Self.gpus, devices { $0.named = ["vendor.com/fpga": ["0"]] }))
    }

    @Test("no more are asked for than a node has", arguments: [(count: 1, fits: true), (2, true), (3, false)])
    func counts(count: Int, fits: Bool) throws {
        let request = DeviceRequest(driver: "nvidia", count: count, capabilities: [["gpu", "compute"]])

        #expect(try accepts(request, devices { $0.counted = ["gpu": 2] }) == fits)
        #expect(try accepts(request, devices { $0.named = ["NVIDIA-GPU": ["GPU-1", "GPU-2"]] }) == fits)
    }

    @Test("devices are found by their ids, or by their number")
    func ids() throws {
        let node = devices { $0.named = ["NVIDIA-GPU": ["GPU-1", "GPU-2"]] }

        for (id, fits) in [("GPU-2", true), ("GPU-3", false), ("1", true), ("2", false)] {
            #expect(try accepts(DeviceRequest(ids: [id], capabilities: [["gpu"]]), node) == fits)
        }
    }

    @Test("CDI devices are found by name, and believed in where the engine lists none")
    func cdi() throws {
        let listed = devices { $0.named = ["nvidia.com/gpu": ["0", "1"]] }

        for (id, fits) in [("nvidia.com/gpu=1", true), ("nvidia.com/gpu=all", true), ("nvidia.com/gpu=2", false)] {
            #expect(try accepts(DeviceRequest(driver: "cdi", ids: [id]), listed) == fits)
        }
        let request = DeviceRequest(driver: "cdi", ids: ["vendor.com/x=1"])
        #expect(try accepts(request, devices { $0.hasUnlistedCDI = true }))
        #expect(try !accepts(request, listed))
    }

    @Test("other kinds are found by their name, and alternatives by any of them")
    func otherKinds() throws {
        let node = devices { $0.counted = ["fpga": 2] }

        #expect(try accepts(DeviceRequest(count: 2, capabilities: [["fpga"]]), node))
        #expect(try accepts(DeviceRequest(count: 1, capabilities: [["tpu"], ["fpga"]]), node))
        #expect(try !accepts(DeviceRequest(count: 1, capabilities: [["tpu"]]), node))
    }

    @Test("the error says what was asked for and what a node has")
    func error() throws {
        var node = NodeSnapshot(name: "node-1")
        node.devices.counted = ["gpu": 1]
        var board = try PlacementBoard([node, NodeSnapshot(name: "node-2")])

        let error = #expect(throws: SchedulingError.self) {
            try board.place(PlacementRequest(devices: [DeviceRequest(count: 2, capabilities: [["gpu"]])]))
        }

        #expect(error?.message.contains("device 2 × gpu is missing on 2 of 2 nodes (node-1: has 1 × gpu)") == true)
        #expect(error?.message.contains("[device 2 × gpu]") == true)
    }
}
