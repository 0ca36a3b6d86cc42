package config

import (
	"fmt"
	"path/filepath"

	"claviger/cmd/claviger/exit"
	"claviger/parameters/public"
)

// PublicTree is a tree of parameters that every account may read and none can write.
type PublicTree struct {
	Path string `toml:"path"` // below /aws/service
	From string `toml:"from"` // YAML file; one that is relative lies beside the configuration
}

// resolve makes paths whole that are relative to the configuration's own directory: a service is
// started in any directory.
func (c *Config) resolve(dir string) {
	for i, tree := range c.Parameters.Public {
		if tree.From != "" && !filepath.IsAbs(tree.From) {
			c.Parameters.Public[i].From = filepath.Join(dir, tree.From)
		}
	}
}

// checkPublic checks what the configuration says of public parameters. Their files are read by
// those who need them.
func (c *Config) checkPublic() error {
	for _, tree := range c.Parameters.Public {
		if err := public.CheckPath(tree.Path); err != nil {
			return fmt.Errorf("parameters.public.path: %w", err)
		}
		if tree.From == "" {
			return fmt.Errorf("public parameters %s: from is missing: the YAML file of their values",
				tree.Path)
		}
	}
	return nil
}

// PublicParameters returns the public parameters of the site. Their files are read once.
func (c *Config) PublicParameters() (*public.Trees, error) {
	var trees []public.Tree
	for _, tree := range c.Parameters.Public {
		if err := steady(tree.From, byNobodyElse); err != nil {
			return nil, err
		}
		trees = append(trees, public.Tree{Path: tree.Path, File: tree.From})
	}
	all, err := public.Load(trees...)
	if err != nil {
		return nil, exit.Mark(fmt.Errorf("public parameters: %w", err), exit.ErrConfig)
	}
	return all, nil
}
