package redis

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"

	"claviger/secrets/rotation/rotator"
)

// reasons are those of the codes that answers of Redis and Valkey begin with.
var reasons = map[string]rotator.Reason{
	"WRONGPASS":  rotator.LoginRefused,
	"NOAUTH":     rotator.LoginRefused,
	"NOPERM":     rotator.Forbidden,
	"READONLY":   rotator.ReadOnly,
	"LOADING":    rotator.ReadOnly,
	"MASTERDOWN": rotator.ReadOnly,
	"MISCONF":    rotator.ReadOnly,
}

// needs says what a command that is forbidden takes.
var needs = map[string]string{
	"ACL GETUSER":    "+acl|getuser",
	"ACL SETUSER":    "+acl|setuser",
	"ACL SAVE":       "+acl|save",
	"CONFIG REWRITE": "+config|rewrite",
}

// explain says what has become of a command. No word of the server's goes into it, but the code
// that is known: a server, or what stands before it, may repeat what it was asked.
func explain(ctx context.Context, command string, err error) error {
	var refused redis.Error
	var timeout net.Error
	var network *net.OpError
	switch {
	case ctx.Err() != nil:
		return rotator.Errorf(rotator.TimedOut, "%s took too long", command)
	case errors.Is(err, errHuge):
		return rotator.Errorf(rotator.BadAnswer, "the answer to %s is too large", command)
	case errors.As(err, &refused):
		return explainRefusal(command, refused.Error())
	case errors.As(err, &timeout) && timeout.Timeout():
		return rotator.Errorf(rotator.TimedOut, "%s took too long", command)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
		return rotator.Errorf(rotator.CutOff, "the connection ended in %s", command)
	}
	return rotator.Errorf(rotator.BadAnswer, "the answer to %s is none of Redis's", command)
}

func explainRefusal(command, answer string) error {
	code, _, _ := strings.Cut(answer, " ")
	reason, known := reasons[code]
	switch {
	case reason == rotator.Forbidden && needs[command] != "":
		return rotator.Errorf(reason, "the user may not do %s: it needs %s", command, needs[command])
	case known:
		return rotator.Errorf(reason, "%s is refused (%s)", command, code)
	case command == "AUTH":
		return rotator.Errorf(rotator.Failed, "AUTH fails: the server may be older than Redis 6, or let "+
			"nobody in now")
	}
	return rotator.Errorf(rotator.Failed, "%s fails, and the server's log may say why", command)
}

func is(err error, reason rotator.Reason) bool {
	var e *rotator.Error
	return errors.As(err, &e) && e.Reason == reason
}
