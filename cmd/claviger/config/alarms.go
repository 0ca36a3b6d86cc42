package config

import (
	"errors"
	"fmt"
	"time"

	"claviger/service"
)

// ServiceAlarms returns when the service tells of what it sees.
func (c *Config) ServiceAlarms() service.Alarms {
	window, _ := duration("alarms.window", c.Alarms.Window)
	return service.Alarms{Denied: c.Alarms.DeniedRequests, Window: window}
}

// The shortest and the longest window that records can be counted in: what is remembered of one is
// bounded, and is kept until it ends.
const (
	shortestWindow = time.Second
	longestWindow  = 24 * time.Hour
)

func (c *Config) checkAlarms() error {
	if c.Alarms.DeniedRequests < 0 {
		return errors.New("alarms.denied_requests can't be negative")
	}
	window, err := duration("alarms.window", c.Alarms.Window)
	if err != nil {
		return err
	}
	if window != 0 && (window < shortestWindow || window > longestWindow || window%time.Second != 0) {
		return fmt.Errorf("alarms.window must be whole seconds from 1s to 24h, and %q is not",
			c.Alarms.Window)
	}
	return nil
}
