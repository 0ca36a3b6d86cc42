package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/place"
	"claviger/service"
)

// clustersCommand is for what only whoever runs the service may do with clusters.
func clustersCommand(ctx context.Context, e *env, args []string) error {
	if len(args) > 0 && (args[0] == "-h" || args[0] == "--help") {
		args = []string{"reset", "-h"}
	}
	if len(args) == 0 || args[0] != "reset" {
		return exit.UsageError("clusters: say what to do: claviger clusters reset")
	}
	f := e.Flags("clusters reset", "--config FILE --cluster ID",
		"Allows one more password to be tried on a cluster that has refused too many, or that has "+
			"counted a wrong one of somebody\nelse's. It is recorded in the trail. The server may be "+
			"running: it is asked then. Otherwise the token is opened as the\nserver would.")
	path := f.String("config", "", "`file` of the configuration")
	id := f.String("cluster", "", "the cluster's `id`, as in the configuration")
	if err := command.Parse(f, args[1:]); err != nil {
		return err
	}
	if *id == "" {
		return exit.UsageError("clusters reset: --cluster ID is needed")
	}
	c, log, err := e.Begin(*path)
	if err != nil {
		return err
	}
	return resetCluster(ctx, e, c, log, *id)
}

// resetCluster does it as the first of the accounts that may use the cluster: all have one count.
func resetCluster(ctx context.Context, e *env, c *config.Config, log *slog.Logger,
	id string) error {
	all, err := c.ServiceClusters()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(cl service.Cluster) bool { return cl.ID == id })
	if i < 0 {
		return exit.ConfigError("there is no cluster %q in the configuration", id)
	}
	here := place.Place{Config: c, Log: log, Database: c.Database}
	_, err = place.Have[any](ctx, here, control.Request{
		Reset: &control.Reset{Account: all[i].Accounts[0], Cluster: id}})
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "One password will be tried on %s, when a store on it is connected.\n", id)
	return nil
}
