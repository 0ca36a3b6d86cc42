package sandbox

import (
	"errors"
	"fmt"
	"net"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const device = "lo"

// loopback starts the one device of the network and gives it the destinations' addresses.
func loopback(all []address) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	flags, err := unix.NewIfreq(device)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, flags); err != nil {
		return err
	}
	flags.SetUint16(flags.Uint16() | unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, flags); err != nil {
		return err
	}
	for i, a := range all {
		if a.ip.IsLoopback() {
			continue
		}
		// One host may be there with several ports.
		if err := assign(fd, i, a.ip); err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("%s: %w", a.ip, err)
		}
	}
	return nil
}

// assign gives the device one more address.
func assign(fd, i int, ip net.IP) error {
	if v4 := ip.To4(); v4 != nil {
		request, err := unix.NewIfreq(fmt.Sprintf("%s:%d", device, i+1))
		if err != nil {
			return err
		}
		if err := request.SetInet4Addr(v4); err != nil {
			return err
		}
		return unix.IoctlIfreq(fd, unix.SIOCSIFADDR, request)
	}
	fd6, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd6)
	lo, err := unix.NewIfreq(device)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, lo); err != nil {
		return err
	}
	request := struct { // struct in6_ifreq of netdevice(7)
		address [net.IPv6len]byte
		prefix  uint32
		index   int32
	}{[net.IPv6len]byte(ip.To16()), 128, int32(lo.Uint32())}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd6), unix.SIOCSIFADDR,
		uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return errno
	}
	return nil
}

// listen listens at an address. The kernel takes a moment until one of IPv6 can be used.
func listen(a address) (l net.Listener, err error) {
	for range 400 {
		l, err = net.Listen("tcp", net.JoinHostPort(a.ip.String(), a.port))
		if !errors.Is(err, unix.EADDRNOTAVAIL) {
			return l, err
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil, err
}
