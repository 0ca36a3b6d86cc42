package config

import (
	"errors"
	"io/fs"
	"path/filepath"

	"claviger/hsm"
	"claviger/internal/access"
)

// Files are those that the service needs, with what stands in the user's way.
func (c *Config) Files(path string) []access.File {
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
	for _, a := range c.Outbound.Allow {
		if a.CAFile != "" {
			all = append(all, access.Look("authorities of "+a.String(), a.CAFile, access.Read))
		}
	}
	all = append(all, c.filesOfSNS()...)
	for _, tree := range c.Parameters.Public {
		all = append(all, access.Look("public parameters", tree.From, access.Read))
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
