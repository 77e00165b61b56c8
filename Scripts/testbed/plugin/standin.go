// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

// A driver plug-in of docker-machine, for tests, on Go's own net/rpc and encoding/gob: what it sends and takes is what
// every plug-in sends and takes. It does what Tests/Fixtures/docker-machine-driver-standin does.
package main

import (
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/rpc"
	"os"
	"path/filepath"
	"time"
)

// Flag, and what implements it, are as in docker-machine's package mcnflag.
type Flag interface {
	String() string
	Default() interface{}
}

type StringFlag struct {
	Name, Usage, EnvVar, Value string
}

func (f StringFlag) String() string       { return f.Name }
func (f StringFlag) Default() interface{} { return f.Value }

type StringSliceFlag struct {
	Name, Usage, EnvVar string
	Value               []string
}

func (f StringSliceFlag) String() string       { return f.Name }
func (f StringSliceFlag) Default() interface{} { return f.Value }

type IntFlag struct {
	Name, Usage, EnvVar string
	Value               int
}

func (f IntFlag) String() string       { return f.Name }
func (f IntFlag) Default() interface{} { return f.Value }

type BoolFlag struct {
	Name, Usage, EnvVar string
}

func (f BoolFlag) String() string       { return f.Name }
func (f BoolFlag) Default() interface{} { return nil }

// DriverOptions and RPCFlags are as in docker-machine's packages drivers and rpcdriver.
type DriverOptions interface {
	String(key string) string
	StringSlice(key string) []string
	Int(key string) int
	Bool(key string) bool
}

type RPCFlags struct {
	Values map[string]interface{}
}

func (r RPCFlags) Get(key string) interface{} {
	val, ok := r.Values[key]
	if !ok {
		panic("flag not given: " + key)
	}
	return val
}

func (r RPCFlags) String(key string) string {
	val, _ := r.Get(key).(string)
	return val
}

func (r RPCFlags) StringSlice(key string) []string {
	val, _ := r.Get(key).([]string)
	return val
}

func (r RPCFlags) Int(key string) int {
	val, _ := r.Get(key).(int)
	return val
}

func (r RPCFlags) Bool(key string) bool {
	val, _ := r.Get(key).(bool)
	return val
}

// State is as in docker-machine's package state.
type State int

const (
	Running State = 1
	Stopped State = 4
)

// The configuration of a machine; what goes over the wire is its JSON.
type config struct {
	IPAddress, MachineName, SSHUser, SSHKeyPath, StorePath string
	SSHPort                                                int
	Address, Key, Token, Fail, Die, Id                     string
	Cpus                                                   int
	Fast                                                   bool
	Tags                                                   []string
}

// RPCServerDriver has the methods of docker-machine's, with their types.
type RPCServerDriver struct {
	config    config
	closed    chan bool
	heartbeat chan bool
}

type none = struct{}

func (d *RPCServerDriver) fails(method string) error {
	if d.config.Fail == method {
		return fmt.Errorf("%s failed with %s", method, d.config.Token)
	}
	return nil
}

func (d *RPCServerDriver) folder() string {
	return filepath.Join(d.config.StorePath, "machines", d.config.MachineName)
}

func (d *RPCServerDriver) file() string { return filepath.Join(d.folder(), "standin.json") }

func (d *RPCServerDriver) note(deed string) error {
	file, err := os.OpenFile(filepath.Join(d.folder(), "made"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.WriteString(file, deed+"\n")
	return err
}

func (d *RPCServerDriver) become(method string, state State) error {
	if err := d.fails(method); err != nil {
		return err
	}
	data, err := json.Marshal(map[string]State{"state": state})
	if err != nil {
		return err
	}
	return os.WriteFile(d.file(), data, 0o600)
}

func (d *RPCServerDriver) Close(_, _ *none) error {
	d.closed <- true
	return nil
}

func (d *RPCServerDriver) Heartbeat(_, _ *none) error {
	d.heartbeat <- true
	return nil
}

func (d *RPCServerDriver) GetVersion(_ *none, reply *int) error {
	*reply = 1
	return nil
}

func (d *RPCServerDriver) GetCreateFlags(_ *none, reply *[]Flag) error {
	*reply = []Flag{
		&StringFlag{"standin-address", "Address of the host", "STANDIN_ADDRESS", ""},
		&StringFlag{"standin-ssh-user", "SSH user", "", "root"},
		&StringFlag{"standin-ssh-key", "Private key of the host", "", ""},
		&StringFlag{"standin-token", "Credential", "STANDIN_TOKEN", ""},
		&IntFlag{"standin-cpus", "Number of processors", "", 2},
		&BoolFlag{"standin-fast", "Whether it is fast", ""},
		&StringSliceFlag{"standin-tag", "Tags", "", []string{"a", "b"}},
		&StringFlag{"standin-fail", "Method that fails", "", ""},
		&StringFlag{"standin-die", "Method in which the plug-in ends", "", ""},
	}
	return nil
}

func (d *RPCServerDriver) SetConfigRaw(data []byte, _ *none) error {
	return json.Unmarshal(data, &d.config)
}

func (d *RPCServerDriver) GetConfigRaw(_ *none, reply *[]byte) error {
	data, err := json.Marshal(d.config)
	*reply = data
	return err
}

func (d *RPCServerDriver) SetConfigFromFlags(flags *DriverOptions, _ *none) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%v", problem)
		}
	}()
	options := *flags
	options.Bool("swarm-master")
	d.config.Address = options.String("standin-address")
	d.config.SSHUser = options.String("standin-ssh-user")
	d.config.Key = options.String("standin-ssh-key")
	d.config.Token = options.String("standin-token")
	d.config.Cpus = options.Int("standin-cpus")
	d.config.Fast = options.Bool("standin-fast")
	d.config.Tags = options.StringSlice("standin-tag")
	d.config.Fail = options.String("standin-fail")
	d.config.Die = options.String("standin-die")
	d.config.SSHKeyPath = filepath.Join(d.folder(), "id_rsa")
	return nil
}

func (d *RPCServerDriver) PreCreateCheck(_, _ *none) error { return d.fails("PreCreateCheck") }

func (d *RPCServerDriver) Create(_, _ *none) error {
	if err := d.fails("Create"); err != nil {
		return err
	}
	if err := os.MkdirAll(d.folder(), 0o700); err != nil {
		return err
	}
	if d.config.Key != "" {
		key, err := os.ReadFile(d.config.Key)
		if err != nil {
			return err
		}
		if err := os.WriteFile(d.config.SSHKeyPath, key, 0o600); err != nil {
			return err
		}
	}
	if err := d.note("made"); err != nil {
		return err
	}
	d.config.Id = "id-" + d.config.MachineName
	if d.config.Die == "Create" {
		// Long enough for the id to be asked for.
		time.Sleep(3 * time.Second)
		os.Exit(3)
	}
	d.config.IPAddress = d.config.Address
	if d.config.IPAddress == "" {
		d.config.IPAddress = "127.0.0.1"
	}
	return d.become("Create", Running)
}

func (d *RPCServerDriver) Remove(_, _ *none) error {
	if err := d.fails("Remove"); err != nil {
		return err
	}
	for _, path := range []string{d.file(), d.config.SSHKeyPath} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return d.note("removed")
}

func (d *RPCServerDriver) Start(_, _ *none) error   { return d.become("Start", Running) }
func (d *RPCServerDriver) Restart(_, _ *none) error { return d.become("Restart", Running) }
func (d *RPCServerDriver) Stop(_, _ *none) error    { return d.become("Stop", Stopped) }
func (d *RPCServerDriver) Kill(_, _ *none) error    { return d.become("Kill", Stopped) }

func (d *RPCServerDriver) GetState(_ *none, reply *State) error {
	data, err := os.ReadFile(d.file())
	if err != nil {
		return errors.New("machine does not exist")
	}
	var content map[string]State
	err = json.Unmarshal(data, &content)
	*reply = content["state"]
	return err
}

func (d *RPCServerDriver) DriverName(_ *none, reply *string) error {
	*reply = "standin"
	return nil
}

func (d *RPCServerDriver) GetMachineName(_ *none, reply *string) error {
	*reply = d.config.MachineName
	return nil
}

func (d *RPCServerDriver) GetIP(_ *none, reply *string) error {
	*reply = d.config.IPAddress
	return d.fails("GetIP")
}

func (d *RPCServerDriver) GetSSHHostname(_ *none, reply *string) error {
	*reply = d.config.IPAddress
	return nil
}

func (d *RPCServerDriver) GetSSHKeyPath(_ *none, reply *string) error {
	*reply = d.config.SSHKeyPath
	return nil
}

func (d *RPCServerDriver) GetSSHPort(_ *none, reply *int) error {
	*reply = 22
	return nil
}

func (d *RPCServerDriver) GetSSHUsername(_ *none, reply *string) error {
	*reply = d.config.SSHUser
	return nil
}

func (d *RPCServerDriver) GetURL(_ *none, reply *string) error {
	*reply = "tcp://" + net.JoinHostPort(d.config.IPAddress, "2376")
	return nil
}

func main() {
	if os.Getenv("MACHINE_PLUGIN_TOKEN") != "42" {
		fmt.Fprintln(os.Stderr, "This is a Docker Machine plugin binary.")
		os.Exit(1)
	}
	// The names under which docker-machine's types go over the wire.
	gob.RegisterName("*rpcdriver.RPCFlags", new(RPCFlags))
	gob.RegisterName("*mcnflag.IntFlag", new(IntFlag))
	gob.RegisterName("*mcnflag.StringFlag", new(StringFlag))
	gob.RegisterName("*mcnflag.StringSliceFlag", new(StringSliceFlag))
	gob.RegisterName("*mcnflag.BoolFlag", new(BoolFlag))

	driver := &RPCServerDriver{closed: make(chan bool), heartbeat: make(chan bool)}
	for _, name := range []string{"RpcServerDriver", "RPCServerDriver"} {
		if err := rpc.RegisterName(name, driver); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	rpc.HandleHTTP()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr())
	go func() { _ = http.Serve(listener, nil) }()
	for {
		select {
		case <-driver.closed:
			// The answer is on its way.
			time.Sleep(100 * time.Millisecond)
			os.Exit(0)
		case <-driver.heartbeat:
		case <-time.After(10 * time.Second):
			os.Exit(1)
		}
	}
}
