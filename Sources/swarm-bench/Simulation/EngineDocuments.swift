// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

/// What an engine answers, in the size and shape of Docker 20.10.
enum EngineDocuments {
    static let version = DocumentTemplate(
        #"""
        {"Platform":{"Name":"Docker Engine - Community"},"Components":[{"Name":"Engine","Version":"20.10.24","Details":
        {"ApiVersion":"1.41","Arch":"amd64","BuildTime":"2023-04-04T18:18:32.000000000+00:00","Experimental":"false",
        "GitCommit":"5d6db84","GoVersion":"go1.19.7","KernelVersion":"6.1.0-18-amd64","MinAPIVersion":"1.12","Os":"linux"}},
        {"Name":"containerd","Version":"1.6.20","Details":{"GitCommit":"2806fc1057397dbaeefbea0e4e17bddfbd388f38"}},
        {"Name":"runc","Version":"1.1.5","Details":{"GitCommit":"v1.1.5-0-gf19387a6"}},
        {"Name":"docker-init","Version":"0.19.0","Details":{"GitCommit":"de40ad0"}}],"Version":"20.10.24","ApiVersion":"1.41",
        "MinAPIVersion":"1.12","GitCommit":"5d6db84","GoVersion":"go1.19.7","Os":"linux","Arch":"amd64",
        "KernelVersion":"6.1.0-18-amd64","BuildTime":"2023-04-04T18:18:32.000000000+00:00"}

        """#,
        []
    )

    /// `id`, `name`, `storage`, `region`, `rack`, `containers`, `images`.
    static let info = DocumentTemplate(
        #"""
        {"ID":"<id>","Containers":<containers>,"ContainersRunning":<containers>,"ContainersPaused":0,"ContainersStopped":0,
        "Images":<images>,"Driver":"overlay2","DriverStatus":[["Backing Filesystem","extfs"],["Supports d_type","true"],
        ["Native Overlay Diff","true"],["userxattr","false"]],"Plugins":{"Volume":["local"],"Network":["bridge","host",
        "ipvlan","macvlan","null","overlay"],"Authorization":null,"Log":["awslogs","fluentd","gcplogs","gelf","journald",
        "json-file","local","logentries","splunk","syslog"]},"MemoryLimit":true,"SwapLimit":true,"KernelMemory":true,
        "KernelMemoryTCP":true,"CpuCfsPeriod":true,"CpuCfsQuota":true,"CPUShares":true,"CPUSet":true,"PidsLimit":true,
        "IPv4Forwarding":true,"BridgeNfIptables":true,"BridgeNfIp6tables":true,"Debug":false,"NFd":42,"OomKillDisable":true,
        "NGoroutines":61,"SystemTime":"","LoggingDriver":"json-file","CgroupDriver":"systemd","CgroupVersion":"2",
        "NEventsListener":1,"KernelVersion":"6.1.0-18-amd64","OperatingSystem":"Debian GNU/Linux 12 (bookworm)",
        "OSVersion":"12","OSType":"linux","Architecture":"x86_64","IndexServerAddress":"https://index.docker.io/v1/",
        "RegistryConfig":{"AllowNondistributableArtifactsCIDRs":[],"AllowNondistributableArtifactsHostnames":[],
        "InsecureRegistryCIDRs":["127.0.0.0/8"],"IndexConfigs":{"docker.io":{"Name":"docker.io","Mirrors":[],
        "Secure":true,"Official":true}},"Mirrors":[]},"NCPU":64,"MemTotal":270582939648,"GenericResources":null,
        "DockerRootDir":"/var/lib/docker","HttpProxy":"","HttpsProxy":"","NoProxy":"","Name":"<name>",
        "Labels":["storage=<storage>","region=<region>","rack=<rack>"],"ExperimentalBuild":false,
        "ServerVersion":"20.10.24","Runtimes":{"io.containerd.runc.v2":{"path":"runc"},
        "io.containerd.runtime.v1.linux":{"path":"runc"},"runc":{"path":"runc"}},"DefaultRuntime":"runc","Swarm":
        {"NodeID":"","NodeAddr":"","LocalNodeState":"inactive","ControlAvailable":false,"Error":"","RemoteManagers":null},
        "LiveRestoreEnabled":false,"Isolation":"","InitBinary":"docker-init","ContainerdCommit":
        {"ID":"2806fc1057397dbaeefbea0e4e17bddfbd388f38","Expected":"2806fc1057397dbaeefbea0e4e17bddfbd388f38"},
        "RuncCommit":{"ID":"v1.1.5-0-gf19387a6","Expected":"v1.1.5-0-gf19387a6"},"InitCommit":{"ID":"de40ad0",
        "Expected":"de40ad0"},"SecurityOptions":["name=apparmor","name=seccomp,profile=default","name=cgroupns"],
        "Warnings":null}

        """#,
        ["id", "name", "storage", "region", "rack", "containers", "images"]
    )

    /// `created` in seconds since 1970, `made` and `started` as engines write times.
    static let containerPlaces = [
        "id", "name", "image", "state", "status", "port", "tier", "created", "address", "memory", "made", "started",
    ]

    /// An element of the list of containers.
    static let summary = DocumentTemplate(
        #"""
        {"Id":"<id>","Names":["/<name>"],"Image":"<image>",
        "ImageID":"sha256:7614ae9453d1d87e740a2056257a6de7135c84037c367e1fffa92ae922784631",
        "Command":"docker-entrypoint.sh redis-server --appendonly yes","Created":<created>,
        "Ports":[{"IP":"0.0.0.0","PrivatePort":6379,"PublicPort":<port>,"Type":"tcp"}],
        "Labels":{"com.example.tier":"<tier>","maintainer":"ops@example.com"},"State":"<state>","Status":"<status>",
        "HostConfig":{"NetworkMode":"default"},"NetworkSettings":{"Networks":{"bridge":{"IPAMConfig":null,"Links":null,
        "Aliases":null,"NetworkID":"8c3e3e0a3c4b1b7a1c0cdd3b8a0d2a2f3b9b2f3d5f0e2a7b1c4d5e6f70819203",
        "EndpointID":"<id>","Gateway":"172.17.0.1","IPAddress":"172.17.<address>","IPPrefixLen":16,"IPv6Gateway":"",
        "GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"MacAddress":"02:42:ac:11:00:02","DriverOpts":null}}},"Mounts":[]}
        """#,
        containerPlaces
    )

    static let inspection = DocumentTemplate(
        #"""
        {"Id":"<id>","Created":"<made>","Path":"docker-entrypoint.sh",
        "Args":["redis-server","--appendonly","yes"],"State":{"Status":"<state>","Running":true,"Paused":false,
        "Restarting":false,"OOMKilled":false,"Dead":false,"Pid":41717,"ExitCode":0,"Error":"",
        "StartedAt":"<started>","FinishedAt":"0001-01-01T00:00:00Z"},
        "Image":"sha256:7614ae9453d1d87e740a2056257a6de7135c84037c367e1fffa92ae922784631",
        "ResolvConfPath":"/var/lib/docker/containers/<id>/resolv.conf",
        "HostnamePath":"/var/lib/docker/containers/<id>/hostname",
        "HostsPath":"/var/lib/docker/containers/<id>/hosts",
        "LogPath":"/var/lib/docker/containers/<id>/<id>-json.log","Name":"/<name>","RestartCount":0,
        "Driver":"overlay2","Platform":"linux","MountLabel":"","ProcessLabel":"","AppArmorProfile":"docker-default",
        "ExecIDs":null,"HostConfig":{"Binds":null,"ContainerIDFile":"","LogConfig":{"Type":"json-file","Config":{}},
        "NetworkMode":"default","PortBindings":{"6379/tcp":[{"HostIp":"","HostPort":"<port>"}]},
        "RestartPolicy":{"Name":"no","MaximumRetryCount":0},"AutoRemove":false,"VolumeDriver":"","VolumesFrom":null,
        "CapAdd":null,"CapDrop":null,"CgroupnsMode":"private","Dns":[],"DnsOptions":[],"DnsSearch":[],"ExtraHosts":null,
        "GroupAdd":null,"IpcMode":"private","Cgroup":"","Links":null,"OomScoreAdj":0,"PidMode":"","Privileged":false,
        "PublishAllPorts":false,"ReadonlyRootfs":false,"SecurityOpt":null,"UTSMode":"","UsernsMode":"",
        "ShmSize":67108864,"Runtime":"runc","ConsoleSize":[0,0],"Isolation":"","CpuShares":2,"Memory":<memory>,
        "NanoCpus":0,"CgroupParent":"","BlkioWeight":0,"BlkioWeightDevice":[],"BlkioDeviceReadBps":null,
        "BlkioDeviceWriteBps":null,"BlkioDeviceReadIOps":null,"BlkioDeviceWriteIOps":null,"CpuPeriod":0,"CpuQuota":0,
        "CpuRealtimePeriod":0,"CpuRealtimeRuntime":0,"CpusetCpus":"","CpusetMems":"","Devices":[],
        "DeviceCgroupRules":null,"DeviceRequests":null,"KernelMemory":0,"KernelMemoryTCP":0,"MemoryReservation":0,
        "MemorySwap":0,"MemorySwappiness":null,"OomKillDisable":null,"PidsLimit":null,"Ulimits":null,"CpuCount":0,
        "CpuPercent":0,"IOMaximumIOps":0,"IOMaximumBandwidth":0,"MaskedPaths":["/proc/asound","/proc/acpi","/proc/kcore",
        "/proc/keys","/proc/latency_stats","/proc/timer_list","/proc/timer_stats","/proc/sched_debug","/proc/scsi",
        "/sys/firmware"],"ReadonlyPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"]},
        "GraphDriver":{"Data":{"LowerDir":"/var/lib/docker/overlay2/<id>-init/diff:/var/lib/docker/overlay2/
        8c3e3e0a3c4b1b7a1c0cdd3b8a0d2a2f3b9b2f3d5f0e2a7b1c4d5e6f70819203/diff","MergedDir":
        "/var/lib/docker/overlay2/<id>/merged","UpperDir":"/var/lib/docker/overlay2/<id>/diff",
        "WorkDir":"/var/lib/docker/overlay2/<id>/work"},"Name":"overlay2"},"Mounts":[],"Config":{"Hostname":"<name>",
        "Domainname":"","User":"","AttachStdin":false,"AttachStdout":true,"AttachStderr":true,"ExposedPorts":
        {"6379/tcp":{}},"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":
        ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","GOSU_VERSION=1.14","REDIS_VERSION=7.0.5",
        "REDIS_DOWNLOAD_URL=http://download.redis.io/releases/redis-7.0.5.tar.gz"],"Cmd":["redis-server","--appendonly",
        "yes"],"Image":"<image>","Volumes":{"/data":{}},"WorkingDir":"/data","Entrypoint":["docker-entrypoint.sh"],
        "OnBuild":null,"Labels":{"com.example.tier":"<tier>","maintainer":"ops@example.com"}},"NetworkSettings":
        {"Bridge":"","SandboxID":"<id>","HairpinMode":false,"LinkLocalIPv6Address":"","LinkLocalIPv6PrefixLen":0,
        "Ports":{"6379/tcp":[{"HostIp":"0.0.0.0","HostPort":"<port>"}]},"SandboxKey":"/var/run/docker/netns/0f1e2d3c4b5a",
        "SecondaryIPAddresses":null,"SecondaryIPv6Addresses":null,"EndpointID":"<id>","Gateway":"172.17.0.1",
        "GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"IPAddress":"172.17.<address>","IPPrefixLen":16,"IPv6Gateway":"",
        "MacAddress":"02:42:ac:11:00:02","Networks":{"bridge":{"IPAMConfig":null,"Links":null,"Aliases":null,"NetworkID":
        "8c3e3e0a3c4b1b7a1c0cdd3b8a0d2a2f3b9b2f3d5f0e2a7b1c4d5e6f70819203","EndpointID":"<id>","Gateway":"172.17.0.1",
        "IPAddress":"172.17.<address>","IPPrefixLen":16,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,
        "MacAddress":"02:42:ac:11:00:02","DriverOpts":null}}}}

        """#,
        containerPlaces
    )

    /// `id`, `tag`.
    static let image = DocumentTemplate(
        #"""
        {"Containers":-1,"Created":1672531200,"Id":"sha256:<id>","Labels":{"maintainer":"ops@example.com"},"ParentId":"",
        "RepoDigests":["<tag>@sha256:<id>"],"RepoTags":["<tag>:latest"],"SharedSize":-1,"Size":117012345,
        "VirtualSize":117012345}
        """#,
        ["id", "tag"]
    )

    /// `id`, `name`, `driver`.
    static let network = DocumentTemplate(
        #"""
        {"Name":"<name>","Id":"<id>","Created":"2026-01-10T08:00:00.123456789Z","Scope":"local","Driver":"<driver>",
        "EnableIPv6":false,"IPAM":{"Driver":"default","Options":null,"Config":[{"Subnet":"172.17.0.0/16",
        "Gateway":"172.17.0.1"}]},"Internal":false,"Attachable":false,"Ingress":false,"ConfigFrom":{"Network":""},
        "ConfigOnly":false,"Containers":{},"Options":{"com.docker.network.bridge.default_bridge":"true",
        "com.docker.network.bridge.enable_icc":"true","com.docker.network.bridge.enable_ip_masquerade":"true",
        "com.docker.network.bridge.host_binding_ipv4":"0.0.0.0","com.docker.network.bridge.name":"docker0",
        "com.docker.network.driver.mtu":"1500"},"Labels":{}}
        """#,
        ["id", "name", "driver"]
    )

    /// `name`.
    static let volume = DocumentTemplate(
        #"""
        {"CreatedAt":"2026-01-10T08:00:00Z","Driver":"local","Labels":null,
        "Mountpoint":"/var/lib/docker/volumes/<name>/_data","Name":"<name>","Options":null,"Scope":"local"}
        """#,
        ["name"]
    )

    /// `action`, `id`, `image`, `name`, `time` (seconds), `nanoseconds`.
    static let event = DocumentTemplate(
        #"""
        {"status":"<action>","id":"<id>","from":"<image>","Type":"container","Action":"<action>","Actor":{"ID":"<id>",
        "Attributes":{"com.example.tier":"web","image":"<image>","maintainer":"ops@example.com","name":"<name>"}},
        "scope":"local","time":<time>,"timeNano":<nanoseconds>}
        """#,
        ["action", "id", "image", "name", "time", "nanoseconds"]
    )
}
