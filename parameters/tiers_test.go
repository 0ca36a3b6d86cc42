package parameters_test

import (
	"strings"
	"testing"

	"claviger/internal/op/optest"
	"claviger/parameters"
)

const (
	tierSetting       = "/ssm/parameter-store/default-parameter-tier"
	throughputSetting = "/ssm/parameter-store/high-throughput-enabled"

	standardSize = "Standard tier parameters support a maximum parameter value of 4096 characters. To " +
		"create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For " +
		"more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/" +
		"parameter-store-advanced-parameters.html"
	advancedSize = "The specified parameter value is too large. Advanced-tier parameters support a " +
		"maximum parameter value of 8192 characters."
	noDowngrade = "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from " +
		"the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the " +
		"advanced parameter and recreate it as a standard parameter."
	standardPolicies = "You can't assign parameter policies to a standard-parameter tier."

	aPolicy = `[{"Type":"NoChangeNotification","Version":"1.0","Attributes":{"After":"2","Unit":"Days"}}]`
)

// of is a request for a parameter of some tier, or of whatever tier it becomes.
func of(tier, name string, size int) M {
	in := M{"Name": name, "Value": strings.Repeat("v", size), "Type": "String", "Overwrite": true}
	if tier != "" {
		in["Tier"] = tier
	}
	return in
}

func (s *service) tierOf(in M) string {
	s.T.Helper()
	return must[parameters.PutParameterOutput](s, "PutParameter", in).Tier
}

// TestTiers_EachRequestOnEachParameter_IsDecidedAsAWSDoes is AWS's table, by the account's setting,
// the tier that the parameter has and the one that is asked for. Nothing goes back from Advanced.
func TestTiers_EachRequestOnEachParameter_IsDecidedAsAWSDoes(t *testing.T) {
	s := start(t)
	const small, large, huge = 10, 4097, 8193
	for _, c := range []struct {
		setting, before, asked string
		size                   int
		tier, message          string
	}{
		{"Standard", "", "", small, "Standard", ""},
		{"Standard", "", "", 4096, "Standard", ""},
		{"Standard", "", "", large, "", standardSize},
		{"Standard", "", "", huge, "", standardSize},
		{"Standard", "", "Standard", large, "", standardSize},
		{"Standard", "", "Advanced", small, "Advanced", ""},
		{"Standard", "", "Advanced", 8192, "Advanced", ""},
		{"Standard", "", "Advanced", huge, "", advancedSize},
		{"Standard", "", "Intelligent-Tiering", small, "Standard", ""},
		{"Standard", "", "Intelligent-Tiering", 4096, "Standard", ""},
		{"Standard", "", "Intelligent-Tiering", large, "Advanced", ""},
		{"Standard", "", "Intelligent-Tiering", huge, "", advancedSize},
		{"Standard", "Standard", "", small, "Standard", ""},
		{"Standard", "Standard", "", large, "", standardSize},
		{"Standard", "Standard", "Advanced", small, "Advanced", ""},
		{"Standard", "Standard", "Intelligent-Tiering", small, "Standard", ""},
		{"Standard", "Standard", "Intelligent-Tiering", large, "Advanced", ""},
		{"Standard", "Advanced", "", small, "Advanced", ""},
		{"Standard", "Advanced", "", large, "Advanced", ""},
		{"Standard", "Advanced", "", huge, "", advancedSize},
		{"Standard", "Advanced", "Standard", small, "", noDowngrade},
		{"Standard", "Advanced", "Standard", large, "", noDowngrade},
		{"Standard", "Advanced", "Advanced", small, "Advanced", ""},
		{"Standard", "Advanced", "Intelligent-Tiering", small, "Advanced", ""},
		{"Advanced", "", "", small, "Advanced", ""},
		{"Advanced", "", "", huge, "", advancedSize},
		{"Advanced", "", "Standard", small, "Standard", ""},
		{"Advanced", "", "Intelligent-Tiering", small, "Standard", ""},
		{"Advanced", "Standard", "", small, "Advanced", ""},
		{"Advanced", "Advanced", "Standard", small, "", noDowngrade},
		{"Intelligent-Tiering", "", "", small, "Standard", ""},
		{"Intelligent-Tiering", "", "", large, "Advanced", ""},
		{"Intelligent-Tiering", "", "", huge, "", advancedSize},
		{"Intelligent-Tiering", "", "Standard", large, "", standardSize},
		{"Intelligent-Tiering", "Standard", "", large, "Advanced", ""},
		{"Intelligent-Tiering", "Advanced", "", small, "Advanced", ""},
	} {
		s.Do("UpdateServiceSetting", M{"SettingId": tierSetting, "SettingValue": c.setting})
		if c.before != "" {
			s.Do("PutParameter", of(c.before, "/a", small))
		}
		if c.message != "" {
			s.Refused("PutParameter", of(c.asked, "/a", c.size), "ValidationException", c.message)
		} else if got := s.tierOf(of(c.asked, "/a", c.size)); got != c.tier {
			t.Errorf("%+v: %s", c, got)
		} else if shown := s.described("/a"); shown.Tier != c.tier {
			t.Errorf("%+v: described as %s", c, shown.Tier)
		}
		if c.before != "" || c.message == "" {
			s.Do("DeleteParameter", M{"Name": "/a"})
		}
	}
}

// TestTiers_Policies_AreForAdvancedOnes: an empty set is none.
func TestTiers_Policies_AreForAdvancedOnes(t *testing.T) {
	s := start(t)
	in := of("", "/a", 1)
	in["Policies"] = aPolicy
	s.Refused("PutParameter", in, "ValidationException", standardPolicies)
	in["Tier"] = "Standard"
	s.Refused("PutParameter", in, "ValidationException", standardPolicies)
	in["Tier"] = "Intelligent-Tiering"
	if got := s.tierOf(in); got != "Advanced" {
		t.Errorf("%s", got)
	}
	none := of("", "/b", 1)
	none["Policies"] = "[{}]"
	if got := s.tierOf(none); got != "Standard" {
		t.Errorf("%s", got)
	}
}

// TestValue_IsMeasured_InBytesOfUTF8: AWS's 4 KB, whatever its message says.
func TestValue_IsMeasured_InBytesOfUTF8(t *testing.T) {
	s := start(t)
	in := of("Standard", "/a", 0)
	in["Value"] = strings.Repeat("ä", 2048)
	s.Do("PutParameter", in)
	in["Value"] = strings.Repeat("ä", 2048) + "x"
	s.Refused("PutParameter", in, "ValidationException", standardSize)
	in["Type"], in["Value"] = "SecureString", strings.Repeat("v", 4097)
	s.Refused("PutParameter", in, "ValidationException", standardSize)
	in["Value"] = strings.Repeat("v", 4096)
	s.Do("PutParameter", in)
	in["Tier"], in["Value"] = "Advanced", strings.Repeat("€", 2730)+"xx"
	s.Do("PutParameter", in)
	if got := s.get("/a"); len(got.Value) != 8192 {
		t.Errorf("%d bytes are read", len(got.Value))
	}
}

// counted sets how many parameters of each tier there are said to be: nobody counts them.
func (s *service) counted(standard, advanced int) {
	s.T.Helper()
	s.Edit(`INSERT INTO parameter_counts (account, region, standard, advanced) VALUES ($1, $2, $3, $4)
		ON CONFLICT DO UPDATE SET standard = $3, advanced = $4`, account, region, standard, advanced)
}

func tooMany(kind, quota, instead string) string {
	return "You have reached the maximum number of " + kind + " parameters for this AWS account and Region (" +
		quota + "). To add more parameters, either delete existing parameters or " + instead +
		" (charges apply)."
}

var (
	tooManyStandard = tooMany("standard", "10000", "upgrade the parameter to use the advanced-parameter tier")
	tooManyAdvanced = tooMany("advanced", "100000", "delete existing ones of that tier")
)

// TestQuota_OfEachTier_IsHeld: one more is refused, a new version is none more, and what goes
// leaves room.
func TestQuota_OfEachTier_IsHeld(t *testing.T) {
	s := start(t)
	s.Do("PutParameter", of("Standard", "/s", 1))
	s.Do("PutParameter", of("Advanced", "/a", 1))
	s.counted(9_999, 99_999)
	s.Do("PutParameter", of("Standard", "/s2", 1))
	s.Refused("PutParameter", of("Standard", "/s3", 1), "ParameterLimitExceeded", tooManyStandard)
	s.Refused("PutParameter", of("", "/s3", 1), "ParameterLimitExceeded", tooManyStandard)
	s.Do("PutParameter", of("Standard", "/s2", 1))
	if got := s.tierOf(of("Intelligent-Tiering", "/s2", 2)); got != "Standard" {
		t.Errorf("a new version of a standard one became %s", got)
	}
	if got := s.tierOf(of("Intelligent-Tiering", "/i", 1)); got != "Advanced" {
		t.Errorf("one more than there is room for became %s", got)
	}
	s.Refused("PutParameter", of("Advanced", "/a2", 1), "ParameterLimitExceeded", tooManyAdvanced)
	s.Refused("PutParameter", of("Advanced", "/s2", 1), "ParameterLimitExceeded", tooManyAdvanced)
	s.Refused("PutParameter", of("Intelligent-Tiering", "/i2", 1), "ParameterLimitExceeded",
		tooManyAdvanced)
	s.Do("PutParameter", of("Advanced", "/a", 1))
	s.Do("DeleteParameter", M{"Name": "/a"})
	s.Do("PutParameter", of("Advanced", "/s2", 1))
	s.Do("PutParameter", of("Standard", "/s3", 1))
	s.Refused("PutParameter", of("Standard", "/s4", 1), "ParameterLimitExceeded", tooManyStandard)
	s.Do("DeleteParameters", M{"Names": []string{"/s", "/s3", "/i"}})
	s.Do("PutParameter", of("Standard", "/s4", 1))
	s.Do("PutParameter", of("Standard", "/s5", 1))
	s.Refused("PutParameter", of("Standard", "/s6", 1), "ParameterLimitExceeded", tooManyStandard)
}

// TestQuota_OfAnotherAccountOrRegion_IsItsOwn.
func TestQuota_OfAnotherAccountOrRegion_IsItsOwn(t *testing.T) {
	s := start(t)
	s.put("/a", "v")
	s.counted(10_000, 100_000)
	s.Refused("PutParameter", of("", "/b", 1), "ParameterLimitExceeded", tooManyStandard)
	_, err := s.Ask(optest.In(t.Context(), "eu-west-1"), "PutParameter", of("", "/b", 1))
	if err != nil {
		t.Error(err)
	}
	s.As("444455556666")
	s.put("/b", "v")
}
