package config

import "claviger/service"

// Service is all that the file says of a service. Logs, versions and where it listens are for
// whoever starts it.
func (c *Config) Service() (s service.Config, err error) {
	s = service.Config{Database: c.Database, HSM: c.Device(), Regions: c.Regions,
		Alarms:            c.ServiceAlarms(),
		RefuseUnknownKeys: c.RefusesUnknownKeys(), Unmeasured: c.ListenMetrics != ""}
	for _, read := range []func() error{
		func() error { s.Clusters, err = c.ServiceClusters(); return err },
		func() error { s.Issuers, err = c.Authorities(); return err },
		func() error { s.Rotators, err = c.ServiceRotators(); return err },
		func() error { s.PublicParameters, err = c.PublicParameters(); return err },
		func() error { s.EventTargets, err = c.eventTargets(); return err },
		func() error { s.Trail, err = c.ServiceTrail(); return err },
		func() error { s.Outbound, err = c.Door(); return err },
		func() error { s.Topics, err = c.Topics(); return err },
	} {
		if err := read(); err != nil {
			return s, err
		}
	}
	return s, nil
}
