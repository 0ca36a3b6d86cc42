package served

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"

	"claviger/service"
	"claviger/trail/copies"
)

// Followed serves what dev has made in a directory. Its trail is followed by those alone who
// are named, of [service.Followers], and its copy is a directory.
func Followed(dir string, followers []string) error {
	device, err := devToken(dir)
	if err != nil {
		return err
	}
	by, err := ReadCredentials(dir)
	if err != nil {
		return err
	}
	copied := copies.Copy{Name: "bench",
		Receiver: &copies.Directory{Path: filepath.Join(dir, "copy")}}
	s, err := service.Open(context.Background(), service.Config{
		Database: filepath.Join(dir, "claviger.db"), HSM: device, Regions: []string{by.Region},
		Log: slog.New(slog.DiscardHandler), Trail: service.Trail{Account: Account,
			Copies:   []copies.Copy{copied},
			Followed: func(name string) bool { return slices.Contains(followers, name) }}})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	return http.Serve(l, s.Handler)
}
