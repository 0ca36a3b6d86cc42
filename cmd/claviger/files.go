package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"claviger/hsm"
	"claviger/internal/access"
)

// files are those that the service needs, with what stands in the user's way.
func (c *config) files(path string) []access.File {
	all := []access.File{
		access.Look("the configuration", path, access.Read),
		access.Look("the PKCS#11 library", c.HSM.Module, access.Read),
	}
	all = append(all, hsm.SoftHSMFiles(c.HSM.Module, c.HSM.TokenSerial)...)
	if pin := c.pinPath(); pin != "" {
		refused := ownerOnly
		if c.HSM.PINCredential != "" {
			refused = credentialMode
		}
		all = append(all, secret("the PIN", pin, refused))
	}
	all = append(all, access.Look("the database's directory", filepath.Dir(c.Database),
		access.Read|access.Write|access.Search))
	for _, name := range []string{"", "-wal", "-shm", ".lock"} {
		f := access.Look("the database", c.Database+name, access.Read|access.Write)
		if !errors.Is(f.Err, fs.ErrNotExist) { // the directory is what decides then
			all = append(all, f)
		}
	}
	if c.TLS.Certificate != "" {
		all = append(all, access.Look("the TLS certificate", c.TLS.Certificate, access.Read))
	}
	if c.TLS.Key != "" {
		all = append(all, secret("the TLS key", c.TLS.Key, ownerOnly))
	}
	for _, cl := range c.Clusters {
		all = append(all, access.Look(cl.ID+"'s library", cl.Module, access.Read))
	}
	for _, i := range c.OIDC.Issuers {
		all = append(all, access.Look("an issuer's authorities", i.CAFile, access.Read))
	}
	return all
}

// secret looks at a file that must be closed to others, too.
func secret(what, path string, refused fs.FileMode) access.File {
	f := access.Look(what, path, access.Read)
	if f.Err == nil {
		f.Err = private(path, refused)
	}
	return f
}

// pinPath is the file that the PIN comes from, if it comes from one that is known here.
func (c *config) pinPath() string {
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" && c.HSM.PINCredential != "" {
		return filepath.Join(dir, c.HSM.PINCredential)
	}
	return c.HSM.PINFile
}

// printFiles shows every file, and fails over the first that isn't as it has to be. Tokens of
// others may lie beside the service's own: whether that one is there is found out by logging in.
func printFiles(w io.Writer, all []access.File) (err error) {
	fmt.Fprintf(w, "files     as the user %s sees them\n", access.User())
	for _, f := range all {
		state := rightsOf(f.Rights)
		if f.Err != nil {
			state = "NO: " + strings.TrimPrefix(f.Err.Error(), f.Path+": ")
			if err == nil && f.What != hsm.TokenDirectory {
				err = fmt.Errorf("the user %s can't use %s: %w", access.User(), f.What, f.Err)
			}
		}
		fmt.Fprintf(w, "  %-36s %s: %s\n", f.What, f.Path, state)
	}
	if os.Geteuid() == 0 {
		fmt.Fprintln(w, "  Root may use any file: `--as USER` looks with the eyes of the user that the "+
			"service runs as.")
	}
	fmt.Fprintln(w)
	return err
}

func rightsOf(rights uint32) string {
	if rights&access.Write != 0 {
		return "can be read and written"
	}
	return "can be read"
}
