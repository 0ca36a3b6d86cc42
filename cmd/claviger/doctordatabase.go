package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/findings"
	"claviger/service"
)

// inspectRows looks at every signed row of the database, and accepts them if that is asked.
func inspectRows(ctx context.Context, w io.Writer, c *config.Config, log *slog.Logger,
	accept bool) error {
	asked := service.Config{Database: c.Database, HSM: c.Device(), Regions: c.Regions, Log: log}
	if !accept {
		found, err := service.Inspect(ctx, asked)
		if err != nil {
			return err
		}
		findings.Rows(w, c.Database, found)
		return found.Err()
	}
	found, accepted, err := service.AcceptRows(ctx, asked, c.Account,
		"claviger doctor --accept by "+control.UserName(-1))
	if err != nil {
		return err
	}
	findings.Rows(w, c.Database, found)
	switch {
	case accepted:
		fmt.Fprintln(w, "accepted: the service starts with these rows, and the trail has a record of it")
		return nil
	case found.Bad > 0:
		return fmt.Errorf("rows that were edited can't be accepted: %w", found.Err())
	}
	fmt.Fprintln(w, "there is nothing to accept")
	return nil
}
