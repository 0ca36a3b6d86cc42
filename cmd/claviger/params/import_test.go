package params_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"claviger/cmd/claviger/params"
	"claviger/cmd/claviger/params/document"
	"claviger/cmd/claviger/terminal"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// TestImport_EachFormat_GoesRound: what was imported is exported, and changes nothing when it comes
// back.
func TestImport_EachFormat_GoesRound(t *testing.T) {
	d := sit(t)
	said := d.imports(document.YAML, "db:\n  password: "+canary+"\n  port: 5432\n"+
		"  host: &h h.example\nreplica: *h\nversion: 1.10\nflag: no\nhosts: [a, b]\npem: |\n  one\n  two\n", secure)
	d.contains(said, "+ /app/dev/db/password  SecureString  (secret)\n", `String        "1.10"`,
		"8 to create, 0 to change", "8 created, 0 changed, 0 deleted.\n")
	for name, want := range map[string]string{"db/password": "SecureString " + canary,
		"db/port": "String 5432", "replica": "String h.example", "version": "String 1.10",
		"flag": "String no", "hosts": "StringList a,b", "pem": "String one\ntwo\n"} {
		if got := d.has(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, format := range document.Formats {
		for _, flat := range []bool{false, true} {
			text, said := d.exports(func(x *params.Export) {
				x.Format, x.Flat, x.Decrypt = format, flat, true
			})
			d.contains(text, canary)
			d.contains(said, "--secure db/password\n")
			again := d.imports(format, text, func(i *params.Import) { i.Delete = true })
			if again != "0 to create, 0 to change, 0 to delete, 0 refused, 8 the same.\n" {
				t.Errorf("%s comes back as\n%s", format, again)
			}
			without, said := d.exports(func(x *params.Export) { x.Format, x.Flat = format, flat })
			if strings.Contains(without, "password") || !strings.Contains(said, "left out") {
				t.Errorf("%s without secrets:\n%s%s", format, without, said)
			}
			if again := d.imports(format, without, nil); !strings.HasSuffix(again, " 7 the same.\n") {
				t.Errorf("%s comes back without secrets as\n%s", format, again)
			}
		}
	}
}

func TestImport_WhatDiffers_IsChangedAndDeletedIfAsked(t *testing.T) {
	d := sit(t)
	d.imports(document.JSON, `{"a": "1", "password": "`+canary+`", "b": "1"}`, secure)
	changed := `{"a": "2", "password": "` + canary + `2", "c": "1"}`
	said := d.imports(document.JSON, changed, nil)
	d.contains(said, "! /app/dev/a", "2 refused", "ERROR 2 of the file's parameters can't be imported")
	if d.has("a") != "String 1" || d.has("c") != "nothing" {
		t.Errorf("something was done:\n%s", said)
	}
	said = d.imports(document.JSON, changed, func(i *params.Import) { i.SkipRefused = true })
	d.contains(said, "1 created, 0 changed, 0 deleted.")
	dry := func(i *params.Import) { i.Overwrite, i.Delete, i.DryRun = true, true, true }
	said = d.imports(document.JSON, changed, dry)
	d.contains(said, `~ /app/dev/a         String        "1" -> "2"`, "- /app/dev/b ",
		"~ /app/dev/password  SecureString  (secret)\n")
	if d.has("a") != "String 1" || d.has("b") != "String 1" || strings.Contains(said, "created") {
		t.Errorf("a dry run did something:\n%s", said)
	}
	said = d.imports(document.JSON, changed, func(i *params.Import) { dry(i); i.DryRun = false })
	d.contains(said, "0 created, 2 changed, 1 deleted.")
	if d.has("a") != "String 2" || d.has("b") != "nothing" ||
		d.has("password") != "SecureString "+canary+"2" {
		t.Errorf("%s, %s, %s", d.has("a"), d.has("b"), d.has("password"))
	}
}

func TestImport_Nobody_IsNotAsked(t *testing.T) {
	d := sit(t)
	said := d.imports(document.Env, "A=1\n", func(i *params.Import) { i.Yes = false })
	d.contains(said, "ERROR nobody can be asked whether to do it: say --yes")
	answers := func(answer bool) string {
		return d.says(func(terminal *terminal.Terminal) error {
			terminal.Ask = func(context.Context, string) (bool, error) { return answer, nil }
			i := &params.Import{Text: []byte("A=1\n"), Format: document.Env}
			i.Path = "/app/dev"
			return i.Run(t.Context(), d.open(), terminal)
		})
	}
	d.contains(answers(false), "ERROR nothing was done")
	d.contains(answers(true), "1 created")
}

func TestImport_WhatIsWrong_IsSaidWithoutValues(t *testing.T) {
	d := sit(t)
	for text, want := range map[string]string{
		"password: " + canary + "\npassword: x\n": `ERROR line 2: "password" is there twice`,
		"password: *" + canary + "\n":             "ERROR line 1: it is not YAML",
		"password: [" + canary + "\n":             "it is not YAML",
		canary + "\n":                             "ERROR line 1: it is no map",
		"password: !x " + canary + "\n":           "line 1: it has a tag",
		"password: ['" + canary + ",x']\n":        "line 1: an item of the list has a comma",
		"password: '{{" + canary + "}}'\n":        "can't refer to another parameter",
	} {
		d.contains(d.imports(document.YAML, text, secure), want)
	}
	said := d.imports(document.YAML, "a: 1\n", func(i *params.Import) {
		i.Secure = []string{"*pasword*"}
		i.DryRun = true
	})
	d.contains(said, `--secure "*pasword*" matches nothing in the file.`)
}

// TestImport_MisspeltSecure_IsNotDoneUnasked: what it means would become a String.
func TestImport_MisspeltSecure_IsNotDoneUnasked(t *testing.T) {
	d := sit(t)
	misspelt := func(i *params.Import) { i.Secure = []string{"*pasword*"} }
	said := d.imports(document.Env, "password=hunter2\n", misspelt)
	d.contains(said, "ERROR a --secure matches nothing")
	d.contains(d.imports(document.Env, "password=hunter2\n", nil), "1 created")
	d.contains(d.imports(document.Env, "password=hunter2\n", misspelt), "1 the same")
}

// many is a document of that many parameters, the tenth of which are secrets.
func many(n int, value string) string {
	var b strings.Builder
	for i := range n {
		name := "plain"
		if i%10 == 0 {
			name = "password"
		}
		fmt.Fprintf(&b, "level%d/%s%03d=%s\n", i%7, name, i, value)
	}
	return b.String()
}

// TestImport_200Parameters_AreDoneAndRead: several pages of each listing, and lines that say how
// far it is.
func TestImport_200Parameters_AreDoneAndRead(t *testing.T) {
	d := sit(t)
	said := d.imports(document.Env, many(200, canary+"1"), secure)
	d.contains(said, "20 of 200 done\n", "200 of 200 done\n", "200 created, 0 changed, 0 deleted.")
	if strings.Count(said, " done\n") != 10 {
		t.Errorf("the lines of progress:\n%s", said)
	}
	d.said.Reset() // the plain ones have that value too, and are shown
	overwrite := func(i *params.Import) { i.Overwrite, i.Delete = true, true }
	d.contains(d.imports(document.Env, many(200, canary+"1"), overwrite), "0 refused, 200 the same.")
	said = d.imports(document.Env, many(150, "x"), overwrite)
	d.contains(said, "0 created, 150 changed, 50 deleted.", "0 refused, 0 the same.")
	text, _ := d.exports(func(x *params.Export) { x.Format, x.Decrypt = document.Env, true })
	if strings.Count(text, "=x\n") != 150 || strings.Count(text, "\n") != 150 {
		t.Errorf("the export:\n%s", text)
	}
	d.said.Reset()
}

// refusal is the answer of a service that refuses.
func refusal(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// failures are how a service may fail, and what is said of it.
func failures(d *desk) map[string]struct {
	fail func(w http.ResponseWriter, r *http.Request)
	says []string
	done bool // in spite of it
} {
	return map[string]struct {
		fail func(w http.ResponseWriter, r *http.Request)
		says []string
		done bool
	}{
		"refused": {func(w http.ResponseWriter, _ *http.Request) {
			refusal(w, 400, `{"__type":"TooManyUpdates","message":"Not now."}`)
		}, []string{"\nfailed    + /app/dev/", "  TooManyUpdates: Not now.\n"}, false},
		"refused with the value": {func(w http.ResponseWriter, _ *http.Request) {
			refusal(w, 400, `{"__type":"ValidationException","message":"Value `+canary+` is bad."}`)
		}, []string{"\nfailed    + /app/dev/", "  refused, for a reason that has the value in it\n"},
			false},
		"broken": {func(w http.ResponseWriter, _ *http.Request) {
			refusal(w, 500, `{"__type":"InternalServerError","message":"Oh."}`)
		}, []string{"\nuncertain  + /app/dev/", "  InternalServerError: Oh.\n"}, false},
		"gone": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			[]string{"\nuncertain  + /app/dev/", "  no answer from http://127.0.0.1:"}, false},
		"gone once it has done it": {func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			d.Server.ServeHTTP(answer, r)
			if answer.Code == http.StatusOK {
				panic(http.ErrAbortHandler)
			}
			refusal(w, answer.Code, answer.Body.String())
		}, []string{"\nuncertain  + /app/dev/", "  ParameterAlreadyExists: "}, true},
	}
}

// TestImport_FailureInTheMiddle_SaysWhatWasDone: and once the reason is gone the same command does
// the rest.
func TestImport_FailureInTheMiddle_SaysWhatWasDone(t *testing.T) {
	all := func(i *params.Import) { i.Secure = []string{"*"} }
	for name := range failures(nil) {
		t.Run(name, func(t *testing.T) {
			d := sit(t)
			t.Setenv("AWS_MAX_ATTEMPTS", "2")
			c := failures(d)[name]
			var puts atomic.Int64
			d.meddle = func(w http.ResponseWriter, r *http.Request, operation string) bool {
				if operation != "PutParameter" || puts.Add(1) <= 20 {
					return false
				}
				c.fail(w, r)
				return true
			}
			said := d.imports(document.Env, many(60, canary), all)
			d.contains(said, append(c.says, "20 created, 0 changed, 0 deleted.\n", "\ndone ",
				"\nnot done ", "ERROR it failed: 20 of 60 are done, as said above. The same command goes on "+
					"from there")...)
			if !c.done {
				d.checkReport(said, 60)
			}
			d.meddle = nil
			again := d.imports(document.Env, many(60, canary), all)
			d.contains(again, " 0 to change, 0 to delete, 0 refused, ", " created, 0 changed, 0 deleted.")
			if !c.done {
				d.contains(again, "40 to create,", " 20 the same.")
			}
			d.contains(d.imports(document.Env, many(60, canary), nil), "0 refused, 60 the same.")
		})
	}
}

// checkReport holds each line of what was done, and wasn't, to what is there.
func (d *desk) checkReport(said string, n int) {
	d.t.Helper()
	lines := 0
	for line := range strings.Lines(said) {
		words := strings.Fields(line)
		outcome, name := "", ""
		switch {
		case len(words) > 2 && words[1] == "+":
			outcome, name = words[0], words[2]
		case len(words) > 3 && words[2] == "+":
			outcome, name = "not done", words[3]
		default:
			continue
		}
		lines++
		is := d.has(strings.TrimPrefix(name, "/app/dev/")) != "nothing"
		if (outcome == "done") != is {
			d.t.Errorf("%s is there: %v, and the report says %s", name, is, line)
		}
	}
	if lines != n {
		d.t.Errorf("the report has %d lines of %d:\n%s", lines, n, said)
	}
}

// TestImport_Interrupted_SaysWhatWasDone: what has begun ends first, so that its outcome is known.
func TestImport_Interrupted_SaysWhatWasDone(t *testing.T) {
	d := sit(t)
	ctx, interrupt := context.WithCancel(t.Context())
	var puts atomic.Int64
	d.meddle = func(_ http.ResponseWriter, _ *http.Request, operation string) bool {
		if operation == "PutParameter" && puts.Add(1) == 15 {
			interrupt()
		}
		return false
	}
	said := d.importsIn(ctx, document.Env, many(60, canary), func(i *params.Import) {
		i.Secure = []string{"*"}
	})
	d.contains(said, "ERROR it was interrupted: ", "\nnot done  + ")
	if strings.Contains(said, "uncertain") || strings.Contains(said, "failed") {
		t.Errorf("an outcome isn't known:\n%s", said)
	}
	d.checkReport(said, 60)
	d.meddle = nil
	d.contains(d.imports(document.Env, many(60, canary), func(i *params.Import) {
		i.Secure = []string{"*"}
	}), " 0 refused, ", " created, 0 changed, 0 deleted.")

	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	d.contains(d.importsIn(stopped, document.Env, "A=1\n", nil),
		"ERROR it was interrupted, and nothing was done\n")
}

// TestImport_Throttled_IsTriedAgain: by the SDK, and nobody hears of it.
func TestImport_Throttled_IsTriedAgain(t *testing.T) {
	d := sit(t)
	var n atomic.Int64
	d.meddle = func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		if n.Add(1)%3 != 1 {
			return false
		}
		refusal(w, 400, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
		return true
	}
	d.contains(d.imports(document.Env, many(30, "x"), nil), "30 created, 0 changed, 0 deleted.")
}

// TestImport_DeniedDecryption_CountsAsChanged: it is said, and what is no secret is compared.
func TestImport_DeniedDecryption_CountsAsChanged(t *testing.T) {
	d := sit(t)
	text, key := "PASSWORD="+canary+"\nPLAIN=1\n", d.key()
	d.contains(d.imports(document.Env, text, func(i *params.Import) { secure(i); i.KeyID = key }),
		"2 created")
	d.may("writer", `{"Effect":"Allow","Action":["ssm:*","kms:Encrypt"],"Resource":"*"}`)
	said := d.imports(document.Env, text, nil)
	d.contains(said, "SecureStrings can't be decrypted, and count as changed: AccessDeniedException",
		"! /app/dev/PASSWORD", "1 refused, 1 the same")
	said = d.imports(document.Env, text, func(i *params.Import) { i.Overwrite = true })
	d.contains(said, "(secret; the old one can't be read, and so not compared)", "1 changed")
	if got := d.has("PASSWORD"); got != "SecureString "+canary {
		t.Errorf("it is %s", got)
	}
	_, said = d.exports(func(x *params.Export) { x.Decrypt = true })
	d.contains(said, "ERROR AccessDeniedException: ")
	d.may("reader", `{"Effect":"Allow","Action":"ssm:PutParameter","Resource":"*"}`)
	d.contains(d.imports(document.Env, text, nil), "ERROR AccessDeniedException: ")
}

// TestImport_ChangedSecret_KeepsItsKey: what PutParameter would do at AWS, the default key for
// another, is for nobody to find out later.
func TestImport_ChangedSecret_KeepsItsKey(t *testing.T) {
	d := sit(t)
	key := d.key()
	keyOf := func() string {
		out, err := d.ssm().GetParameterHistory(t.Context(), &ssm.GetParameterHistoryInput{
			Name: aws.String("/app/dev/PASSWORD")})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(out.Parameters[len(out.Parameters)-1].KeyId)
	}
	d.imports(document.Env, "PASSWORD="+canary, func(i *params.Import) { secure(i); i.KeyID = key })
	if got := keyOf(); got != key {
		t.Fatalf("it was sealed by %s", got)
	}
	var asked atomic.Bool
	d.meddle = func(_ http.ResponseWriter, r *http.Request, operation string) bool {
		if body, err := io.ReadAll(r.Body); operation == "PutParameter" {
			asked.Store(err == nil && bytes.Contains(body, []byte(key)))
		}
		return false
	}
	over := func(i *params.Import) { i.Overwrite = true }
	d.contains(d.imports(document.Env, "PASSWORD="+canary+"2", over), "1 changed")
	if got := keyOf(); got != key || !asked.Load() {
		t.Errorf("it is sealed by %s now, asked for: %v", got, asked.Load())
	}
	d.may("nearly", `{"Effect":"Allow","Action":["ssm:*","kms:*"],"Resource":"*"},`+
		`{"Effect":"Deny","Action":"ssm:DescribeParameters","Resource":"*"}`)
	said := d.imports(document.Env, "PASSWORD="+canary+"3", over)
	d.contains(said, "Keys and tiers of what is there can't be seen: AccessDeniedException",
		"its key can't be seen, and the default key would take its place: say --key")
}

// TestImport_LongValues_GoIntoTheirTier: by the account's setting, if nothing is said.
func TestImport_LongValues_GoIntoTheirTier(t *testing.T) {
	d := sit(t)
	long := "LONG=" + strings.Repeat("x", 5000) + "\n"
	d.contains(d.imports(document.Env, long, nil),
		"5000 bytes, and 4096 are the most: --tier Advanced")
	_, err := d.ssm().UpdateServiceSetting(t.Context(), &ssm.UpdateServiceSettingInput{
		SettingId:    aws.String("/ssm/parameter-store/default-parameter-tier"),
		SettingValue: aws.String("Intelligent-Tiering")})
	if err != nil {
		t.Fatal(err)
	}
	d.contains(d.imports(document.Env, long, nil), "1 created")
	d.contains(d.imports(document.Env, "LONG=1", func(i *params.Import) {
		i.Overwrite, i.Tier = true, "Standard"
	}), "it is Advanced, and there is no way back to Standard")
}
