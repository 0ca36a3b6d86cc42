package policy_test

import (
	"errors"
	"strings"
	"testing"

	"claviger/policy"
)

// identityPolicy is a document that every kind of identity policy takes, its statement changed.
func identityPolicy(t testing.TB, o over) string {
	with := over{"Principal": ""}
	for k, v := range o {
		with[k] = v
	}
	return document(t, with)
}

// TestParseManaged_MalformedDocument_SaysWhatIAMSays, in the order in which IAM looks.
func TestParseManaged_MalformedDocument_SaysWhatIAMSays(t *testing.T) {
	const syntax = "Syntax errors in policy."
	const legacy = "The policy failed legacy parsing"
	iam := func(path string) over { return over{"Resource": `"arn:aws:iam::1:` + path + `"`} }
	one := statement(t, over{"Principal": "", "Sid": `"a"`})
	for name, c := range map[string]struct{ text, says string }{
		"as it should be":           {identityPolicy(t, nil), ""},
		"no JSON":                   {"{", syntax},
		"a list":                    {"[]", syntax},
		"an element twice":          {`{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}`, syntax},
		"an unknown element":        {identityPolicy(t, over{"Sidd": `"a"`}), syntax},
		"an unknown version":        {strings.Replace(identityPolicy(t, nil), "2012-10-17", "2020-01-01", 1), syntax},
		"a Sid that is a number":    {identityPolicy(t, over{"Sid": "1"}), syntax},
		"no statements":             {`{"Version":"2012-10-17","Statement":[]}`, syntax},
		"no effect":                 {identityPolicy(t, over{"Effect": ""}), syntax},
		"another effect":            {identityPolicy(t, over{"Effect": `"Perhaps"`}), syntax},
		"action and not":            {identityPolicy(t, over{"NotAction": `"kms:x"`}), syntax},
		"resource and not":          {identityPolicy(t, over{"NotResource": `"*"`}), syntax},
		"an unknown operator":       {identityPolicy(t, over{"Condition": `{"Like":{"aws:a":"x"}}`}), syntax},
		"an unknown, empty one":     {identityPolicy(t, over{"Condition": `{"Like":{}}`}), ""},
		"an empty condition":        {identityPolicy(t, over{"Condition": `{}`}), ""},
		"a boolean":                 {identityPolicy(t, over{"Condition": `{"Bool":{"aws:a":true}}`}), ""},
		"an unknown key":            {identityPolicy(t, over{"Condition": `{"Bool":{"acme:a":"true"}}`}), ""},
		"an unknown action":         {identityPolicy(t, over{"Action": `"acme:DoIt"`}), ""},
		"a look-alike letter":       {identityPolicy(t, over{"Action": `"kms:D` + "\u0435" + `crypt"`}), syntax},
		"one, escaped":              {identityPolicy(t, over{"Action": `"kms:D\u0435crypt"`}), syntax},
		"a control character":       {identityPolicy(t, nil) + "\x7f", syntax},
		"deep nesting":              {strings.Repeat("[", 20_000), syntax},
		"a deep condition":          {identityPolicy(t, over{"Condition": strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000)}), syntax},
		"no version":                {`{"Statement":` + one + `}`, "Policy document must be version 2012-10-17 or greater."},
		"the older version":         {`{"Version":"2008-10-17","Statement":` + one + `}`, "Policy document must be version 2012-10-17 or greater."},
		"an effect in small":        {identityPolicy(t, over{"Effect": `"allow"`}), legacy},
		"an impossible date":        {identityPolicy(t, over{"Condition": `{"DateLessThan":{"aws:CurrentTime":"2026-02-30"}}`}), legacy},
		"an impossible network":     {identityPolicy(t, over{"Condition": `{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/33"}}`}), legacy},
		"an impossible number":      {identityPolicy(t, over{"Condition": `{"NumericEquals":{"acme:a":"ten"}}`}), legacy},
		"an ARN that ends early":    {identityPolicy(t, over{"Resource": `"arn:aws:kms:x"`}), legacy},
		"a Sid with a blank":        {identityPolicy(t, over{"Sid": `"a b"`}), "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"},
		"a Sid twice":               {`{"Version":"2012-10-17","Statement":[` + one + "," + one + "]}", "Statement IDs (SID) in a single policy must be unique."},
		"no action":                 {identityPolicy(t, over{"Action": ""}), "Policy statement must contain actions."},
		"an empty list of actions":  {identityPolicy(t, over{"Action": "[]"}), "Policy statement must contain actions."},
		"a resource's name":         {identityPolicy(t, over{"Resource": `"key/x"`}), `Resource key/x must be in ARN format or "*".`},
		"another partition":         {identityPolicy(t, over{"Resource": `"arn:b:kms:x:1:key/x"`}), `Partition "b" is not valid for resource "arn:b:kms:x:1:key/x".`},
		"any partition":             {identityPolicy(t, over{"Resource": `"arn:*:kms:x:1:key/x"`}), `Partition "*" is not valid for resource "arn:*:kms:x:1:key/x".`},
		"any service":               {identityPolicy(t, over{"Resource": `"arn:aws:*:x:1:key/x"`}), "Resource vendor must be fully qualified and cannot contain regexes."},
		"no service":                {identityPolicy(t, over{"Resource": `"arn:aws::x:1:key/x"`}), "Resource vendor must be fully qualified and cannot contain regexes."},
		"a Region of IAM":           {identityPolicy(t, over{"Resource": `"arn:aws:iam:x:1:user/a"`}), "IAM resource arn:aws:iam:x:1:user/a cannot contain region information."},
		"a path of IAM":             {identityPolicy(t, iam("root")), `IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.`},
		"everything of IAM":         {identityPolicy(t, iam("*")), ""},
		"users of IAM":              {identityPolicy(t, iam("user/*")), ""},
		"an action without vendor":  {identityPolicy(t, over{"Action": `"Encrypt"`}), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		"an action with two colons": {identityPolicy(t, over{"Action": `"kms:a:b"`}), "Actions/Condition can contain only one colon."},
		"a vendor that is none":     {identityPolicy(t, over{"Action": `"k*:a"`}), "Vendor k* is not valid"},
		"no vendor":                 {identityPolicy(t, over{"Action": `":a"`}), "Vendor  is not valid"},
		"an action without name":    {identityPolicy(t, over{"Action": `"kms:"`}), syntax},
		"an action with a blank":    {identityPolicy(t, over{"Action": `"kms:En crypt"`}), syntax},
		"all actions":               {identityPolicy(t, over{"Action": `"*"`}), ""},
		"a principal":               {document(t, nil), "Policy document should not specify a principal."},
		"all but a principal":       {identityPolicy(t, over{"NotPrincipal": `"*"`}), "Policy document should not specify a principal."},
		"no resource":               {identityPolicy(t, over{"Resource": ""}), "Policy statement must contain resources."},
		"an empty list of them":     {identityPolicy(t, over{"Resource": "[]"}), "Policy statement must contain resources."},
		"a trust policy": {trustPolicy(t, nil), "Policy document should not specify a " +
			"principal."},
		"actions before resources": {identityPolicy(t, over{"Action": "[]", "Resource": `"x"`}),
			"Policy statement must contain actions."},
		"resources before vendors": {identityPolicy(t, over{"Action": `"x"`, "Resource": `"x"`}),
			`Resource x must be in ARN format or "*".`},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := policy.ParseManaged(c.text)
			saysThat(t, d, err, c.says)
		})
	}
}

// saysThat holds an answer to its text; an empty one is for a document that is taken.
func saysThat(t *testing.T, d *policy.Document, err error, says string) {
	t.Helper()
	switch {
	case says == "" && (err != nil || d == nil || len(d.Statements) == 0):
		t.Errorf("%+v, %v", d, err)
	case says != "" && (err == nil || err.Error() != says || d != nil):
		t.Errorf("%+v, %v, want %q", d, err, says)
	}
}

func TestParseInline_OlderVersion_IsTaken(t *testing.T) {
	one := statement(t, over{"Principal": ""})
	for _, text := range []string{`{"Version":"2008-10-17","Statement":` + one + `}`,
		`{"Statement":[` + one + `]}`, identityPolicy(t, nil)} {
		d, err := policy.ParseInline(text)
		saysThat(t, d, err, "")
	}
	d, err := policy.ParseInline(document(t, nil))
	saysThat(t, d, err, "Policy document should not specify a principal.")
}

// trustPolicy is a role's, with its statement changed.
func trustPolicy(t testing.TB, o over) string {
	with := over{"Action": `"sts:AssumeRole"`, "Resource": "",
		"Principal": `{"AWS":"111122223333"}`}
	for k, v := range o {
		with[k] = v
	}
	return document(t, with)
}

func TestParseTrust_MalformedDocument_SaysWhatIAMSays(t *testing.T) {
	const only = "AssumeRole policy may only specify STS AssumeRole actions."
	for name, c := range map[string]struct{ text, says string }{
		"as it should be":        {trustPolicy(t, nil), ""},
		"no JSON":                {"{", "This policy contains invalid Json"},
		"an element twice":       {`{"Version":"2012-10-17","Version":"2012-10-17"}`, "This policy contains invalid Json"},
		"a look-alike letter":    {trustPolicy(t, nil) + "\u0435", "This policy contains invalid Json"},
		"an unknown element":     {trustPolicy(t, over{"Sidd": `"a"`}), "Syntax errors in policy."},
		"no statement":           {`{"Version":"2012-10-17","Statement":[]}`, "Could not parse the policy: Statement is empty!"},
		"another effect":         {trustPolicy(t, over{"Effect": `"Perhaps"`}), "Syntax errors in policy."},
		"an effect in small":     {trustPolicy(t, over{"Effect": `"allow"`}), "The policy failed legacy parsing"},
		"no principal":           {trustPolicy(t, over{"Principal": ""}), "Missing required field Principal"},
		"nobody":                 {trustPolicy(t, over{"Principal": "{}"}), "Missing required field Principal cannot be empty!"},
		"a resource":             {trustPolicy(t, over{"Resource": `"*"`}), "Has prohibited field Resource"},
		"all but a resource":     {trustPolicy(t, over{"NotResource": `"*"`}), "Has prohibited field Resource"},
		"all but a principal":    {trustPolicy(t, over{"Principal": "", "NotPrincipal": `"*"`}), "Allow with NotPrincipal is not allowed."},
		"denied to all but one":  {trustPolicy(t, over{"Principal": "", "NotPrincipal": `{"AWS":"111122223333"}`, "Effect": `"Deny"`}), ""},
		"no action":              {trustPolicy(t, over{"Action": "[]"}), "Policy statement must contain actions."},
		"another service's":      {trustPolicy(t, over{"Action": `"kms:Decrypt"`}), only},
		"another of STS":         {trustPolicy(t, over{"Action": `"sts:GetFederationToken"`}), only},
		"all":                    {trustPolicy(t, over{"Action": `"*"`}), only},
		"all but one":            {trustPolicy(t, over{"Action": "", "NotAction": `"sts:AssumeRole"`}), only},
		"all that there are":     {trustPolicy(t, over{"Action": `["sts:AssumeRole","STS:tagsession","sts:SetSourceIdentity","sts:AssumeRoleWithWebIdentity","sts:AssumeRoleWithSAML","sts:SetContext"]`}), ""},
		"a group":                {trustPolicy(t, over{"Principal": `{"AWS":["*","arn:aws:iam::111122223333:group/g"]}`}), `Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:group/g"`},
		"a part of an ARN":       {trustPolicy(t, over{"Principal": `{"AWS":"arn:aws:iam::111122223333:role/*"}`}), `Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/*"`},
		"an id":                  {trustPolicy(t, over{"Principal": `{"AWS":"AROACKCEVSQ6C2EXAMPLE"}`}), `Invalid principal in policy: "AWS":"AROACKCEVSQ6C2EXAMPLE"`},
		"a text":                 {trustPolicy(t, over{"Principal": `"me"`}), `Invalid principal in policy: "AWS":"me"`},
		"a service that is none": {trustPolicy(t, over{"Principal": `{"Service":"x"}`}), `Invalid principal in policy: "SERVICE":"x"`},
		"a provider":             {trustPolicy(t, over{"Principal": `{"Federated":"` + provider + `"}`}), ""},
		"no provider":            {trustPolicy(t, over{"Principal": `{"Federated":""}`}), `Invalid principal in policy: "FEDERATED":""`},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := policy.ParseTrust(c.text)
			saysThat(t, d, err, c.says)
		})
	}
}

func TestParseSecret_MalformedDocument_SaysWhatSecretsManagerSays(t *testing.T) {
	const syntax = "This resource policy contains a syntax error."
	const principal = "This resource policy contains an unsupported principal."
	for name, c := range map[string]struct{ text, says string }{
		"as it should be":        {document(t, nil), ""},
		"without a resource":     {document(t, over{"Resource": ""}), ""},
		"no JSON":                {"{", syntax},
		"a look-alike letter":    {document(t, nil) + "\u0435", syntax},
		"no statement":           {`{"Statement":[]}`, syntax},
		"no principal":           {document(t, over{"Principal": ""}), syntax},
		"an effect in small":     {document(t, over{"Effect": `"allow"`}), syntax},
		"any service":            {document(t, over{"Resource": `"arn:aws:*:x:1:y"`}), syntax},
		"an impossible date":     {document(t, over{"Condition": `{"DateEquals":{"aws:CurrentTime":"x"}}`}), syntax},
		"a group":                {document(t, over{"Principal": `{"AWS":"arn:aws:iam::111122223333:group/g"}`}), principal},
		"an id":                  {document(t, over{"Principal": `{"AWS":"AIDACKCEVSQ6C2EXAMPLE"}`}), principal},
		"a service that is none": {document(t, over{"Principal": `{"Service":"x"}`}), "This resource policy contains an invalid service principal."},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := policy.ParseSecret(c.text)
			saysThat(t, d, err, c.says)
		})
	}
}

func TestSize_WhiteSpace_IsNotCounted(t *testing.T) {
	for text, want := range map[string]int{"": 0, " a\t\r\nb ": 2, "\u00fc\u00a0x": 3} {
		if got := policy.Size(text); got != want {
			t.Errorf("%q has %d characters, want %d", text, got, want)
		}
	}
}

func TestUnknown_EachKey_IsKnownWhereARequestHasIt(t *testing.T) {
	d, err := policy.Parse(document(t, over{"Condition": `{"StringEquals":{
		"aws:PrincipalTag/team":"x","AWS:requesttag/a":"x","aws:RequestTag/":"x","aws:TagKeys":"x",
		"kms:EncryptionContext:a":"x","kms:EncryptionContext:":"x","kms:ViaService":"x","kms:Via":"x",
		"secretsmanager:ResourceTag/a":"x","secretsmanager:RotationLambda":"x",
		"aws:PrincipalOrgID":"x","aws:SourceAccount":"x","s3:prefix":"x","sts:ExternalId":"x","iam:PolicyARN":"x",
		"ssm:Overwrite":"x","accounts.google.com:aud":"x"},
		"StringLike":{"s3:prefix":"x"}}`}))
	if err != nil {
		t.Fatal(err)
	}
	want := "aws:PrincipalOrgID aws:RequestTag/ kms:EncryptionContext: kms:Via " +
		"s3:prefix secretsmanager:RotationLambda"
	if got := strings.Join(d.Unknown(), " "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// FuzzKinds: what a kind of document takes has what the kind needs, and Parse's forms.
func FuzzKinds(f *testing.F) {
	for _, text := range []string{identityPolicy(f, nil), trustPolicy(f, nil), document(f, nil),
		identityPolicy(f, over{"Condition": `{"DateLessThan":{"aws:CurrentTime":"2026-02-03"},"X":{}}`}),
		identityPolicy(f, over{"Resource": `["arn:aws:iam::1:user/*","*"]`, "NotAction": `"a:b"`})} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for kind, parse := range map[string]func(string) (*policy.Document, error){
			"managed": policy.ParseManaged, "inline": policy.ParseInline, "trust": policy.ParseTrust,
			"secret": policy.ParseSecret} {
			d, err := parse(text)
			if err != nil {
				if m := policy.Malformed(""); !errors.As(err, &m) || m == "" || d != nil {
					t.Errorf("%s, refused without a reason: %v", kind, err)
				}
				continue
			}
			for _, s := range d.Statements {
				named := s.Principal != nil || s.NotPrincipal != nil
				reaches := len(s.Resource)+len(s.NotResource) > 0
				switch kind {
				case "managed", "inline":
					if named || !reaches || kind == "managed" && d.Version != policy.Version2012 {
						t.Errorf("%s took %s", kind, text)
					}
				case "trust":
					if !named || reaches {
						t.Errorf("%s took %s", kind, text)
					}
				default:
					if !named {
						t.Errorf("%s took %s", kind, text)
					}
				}
				if s.NotPrincipal != nil && s.Effect == policy.Allow {
					t.Errorf("%s took %s", kind, text)
				}
			}
		}
	})
}
