package export

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Trail is what a trail is called and where its files rest.
type Trail struct {
	Name    string `json:"name"`
	Account string `json:"account"` // that the trail is of, 12 digits
	Home    string `json:"home"`    // the Region that the trail is of
	Bucket  string `json:"bucket"`
	Prefix  string `json:"prefix"` // of all names in the bucket, without a slash at its end; may be empty
}

// Metadata is what the name of the file ends in that holds the metadata of a digest's object: a
// JSON object as `aws s3api put-object --metadata file://...` takes it.
const Metadata = ".metadata.json"

var (
	nameForm   = regexp.MustCompile(`^[a-zA-Z0-9]([._-]?[a-zA-Z0-9])*$`)
	bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	prefixForm = regexp.MustCompile(`^[a-zA-Z0-9!_.*'()-]+(/[a-zA-Z0-9!_.*'()-]+)*$`)
)

// Check refuses names that a trail can't have, by the rules of CreateTrail.
func (t Trail) Check() error {
	switch {
	case len(t.Name) < 3 || len(t.Name) > 128 || !nameForm.MatchString(t.Name):
		return fmt.Errorf("the trail's name has 3 to 128 letters, digits, dots, underscores and "+
			"hyphens, begins and ends with a letter or digit, and has no two of the others side by "+
			"side; %q has not", t.Name)
	case !bucketForm.MatchString(t.Bucket):
		return fmt.Errorf("%q is not the name of a bucket", t.Bucket)
	case t.Prefix != "" && (len(t.Prefix) > 200 || !prefixForm.MatchString(t.Prefix) ||
		strings.Contains("/"+t.Prefix+"/", "/../") || strings.Contains("/"+t.Prefix+"/", "/./")):
		return fmt.Errorf("the prefix has 200 characters at most and no slash at its ends, and %q is "+
			"none", t.Prefix)
	}
	return nil
}

// ARN names the trail.
func (t Trail) ARN() string {
	return fmt.Sprintf("arn:aws:cloudtrail:%s:%s:trail/%s", t.Home, t.Account, t.Name)
}

const (
	minuteForm = "20060102T1504Z"
	secondForm = "20060102T150405Z"
	dayForm    = "2006/01/02"
	timeForm   = "2006-01-02T15:04:05Z"
)

// logObject names a log file. id tells files of one minute apart, by 16 letters and digits.
func (t Trail) logObject(account, region string, at time.Time, id string) string {
	return t.object(fmt.Sprintf("AWSLogs/%[1]s/CloudTrail/%[2]s/%[3]s/%[1]s_CloudTrail_%[2]s_%[4]s_%[5]s.json.gz",
		account, region, at.Format(dayForm), at.Format(minuteForm), id))
}

// digestObject names a digest by the time at which it ends.
func (t Trail) digestObject(account, region string, end time.Time) string {
	return t.object(fmt.Sprintf(
		"AWSLogs/%[1]s/CloudTrail-Digest/%[2]s/%[3]s/%[1]s_CloudTrail-Digest_%[2]s_%[4]s_%[5]s_%[6]s.json.gz",
		account, region, end.Format(dayForm), t.Name, t.Home, end.Format(secondForm)))
}

func (t Trail) object(name string) string {
	if t.Prefix != "" {
		return t.Prefix + "/" + name
	}
	return name
}

// errAnother means that the directory is no place for this export.
var errAnother = errors.New("the directory holds the export of another trail")
