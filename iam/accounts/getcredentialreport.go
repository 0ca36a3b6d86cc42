package accounts

import (
	"bytes"
	"encoding/csv"
	"math"
	"slices"
	"strconv"
	"time"

	"claviger/iam/entity"
	"claviger/identity"
	"claviger/internal/op"
	"claviger/internal/wire"
)

// GetCredentialReportInput is empty, as AWS's.
type GetCredentialReportInput struct{ op.ByShape }

type GetCredentialReportOutput struct {
	Content       []byte // CSV
	ReportFormat  string // text/csv
	GeneratedTime wire.Time
}

// reportColumns are AWS's ("Get credential reports for your AWS account" of the IAM user guide).
var reportColumns = []string{"user", "arn", "user_creation_time",
	"password_enabled", "password_last_used", "password_last_changed", "password_next_rotation",
	"mfa_active",
	"access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used_date",
	"access_key_1_last_used_region", "access_key_1_last_used_service",
	"access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used_date",
	"access_key_2_last_used_region", "access_key_2_last_used_service",
	"cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated"}

// none is what a column says that has nothing to say.
const none = "N/A"

// report tells of the account's root user first and of all users then, in order of name.
func (s *Accounts) report(c *op.Call, _ GetCredentialReportInput) (
	out GetCredentialReportOutput, err error) {
	account := c.Caller.Account
	a, err := s.Account(c, account)
	if err != nil {
		return out, err
	}
	users, err := s.Directory.Users.List(c, account, "/", "", math.MaxInt32)
	if err != nil {
		return out, err
	}
	keys, err := s.keys.AccessKeysOf(c, account, "")
	if err != nil {
		return out, err
	}
	of := map[string][]*identity.AccessKey{}
	for _, k := range keys {
		of[k.PrincipalID] = append(of[k.PrincipalID], k)
	}
	root := &entity.User{Head: entity.Head{Name: "<root_account>"}}
	if a != nil {
		root.Created = a.Created
	}
	lines := [][]string{reportColumns}
	line, err := s.reportLine(root, identity.RootUser(account).ARN, "not_supported", of[account])
	for i := 0; err == nil && i < len(users); i++ {
		lines = append(lines, line)
		u := users[i]
		line, err = s.reportLine(u, u.ARN(), "false", of[u.ID])
	}
	if err != nil {
		return out, err
	}
	var b bytes.Buffer
	err = csv.NewWriter(&b).WriteAll(append(lines, line))
	return GetCredentialReportOutput{Content: b.Bytes(), ReportFormat: "text/csv",
		GeneratedTime: wire.Time{Time: c.Time}}, err
}

// reportLine tells of one user and of his keys, the oldest first.
func (s *Accounts) reportLine(u *entity.User, arn, password string, keys []*identity.AccessKey) (
	[]string, error) {
	line := []string{u.Name, arn, reported(u.Created), password}
	if password == "false" {
		line = append(line, none, none, none, "false")
	} else {
		line = append(line, "no_information", "not_supported", "not_supported", "false")
	}
	for i := range 2 {
		if i >= len(keys) {
			line = append(line, "false", none, none, none, none)
			continue
		}
		k := keys[i]
		used, err := s.keys.LastUse(k.ID)
		if err != nil {
			return nil, err
		}
		at := []string{none, none, none}
		if !used.Time.IsZero() {
			at = []string{reported(used.Time), used.Region, used.Service}
		}
		line = slices.Concat(line, []string{strconv.FormatBool(k.Status == identity.Active),
			reported(k.Created)}, at)
	}
	return append(line, "false", none, "false", none), nil
}

// reported is a time as the report writes it.
func reported(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05-07:00") }
