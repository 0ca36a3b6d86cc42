package parameters_test

import (
	"testing"
	"time"

	"claviger/internal/op/optest"
	"claviger/parameters/settings"
)

func (s *service) setting(id string) settings.ServiceSetting {
	s.T.Helper()
	return must[settings.Output](s, "GetServiceSetting", M{"SettingId": id}).ServiceSetting
}

// settingARN is a setting as an ARN, by its id.
func settingARN(id string) string {
	return "arn:aws:ssm:" + region + ":" + account + ":servicesetting" + id
}

// TestServiceSetting_SetAndReset_IsShownWithWhoDidIt: by its id or its ARN, and always by its id.
func TestServiceSetting_SetAndReset_IsShownWithWhoDidIt(t *testing.T) {
	s := start(t)
	for id, values := range map[string][2]string{tierSetting: {"Standard", "Advanced"},
		throughputSetting: {"false", "true"}} {
		check := func(got settings.ServiceSetting, value, status, user string) {
			t.Helper()
			if got.SettingId != id || got.SettingValue != value || got.Status != status ||
				got.ARN != settingARN(id) || got.LastModifiedUser != user || got.LastModifiedDate.IsZero() {
				t.Errorf("%+v", got)
			}
		}
		check(s.setting(id), values[0], "Default", "System")
		for _, named := range []string{id, settingARN(id)} {
			s.Clock.Pass(time.Minute)
			s.Do("UpdateServiceSetting", M{"SettingId": named, "SettingValue": values[1]})
			root := "arn:aws:iam::" + account + ":root"
			check(s.setting(id), values[1], "Customized", root)
			check(s.setting(settingARN(id)), values[1], "Customized", root)
			if got := s.setting(id); !got.LastModifiedDate.Equal(s.Clock.Now()) {
				t.Errorf("modified %v, at %v", got.LastModifiedDate, s.Clock.Now())
			}
			s.Do("UpdateServiceSetting", M{"SettingId": id, "SettingValue": values[0]})
			check(s.setting(id), values[0], "Customized", root)
			out := must[settings.Output](s, "ResetServiceSetting", M{"SettingId": named})
			check(out.ServiceSetting, values[0], "Default", "System")
			check(s.setting(id), values[0], "Default", "System")
		}
		s.Do("ResetServiceSetting", M{"SettingId": id})
	}
}

// TestServiceSetting_Value_IsTakenInItsLetters: AWS's values, and no others.
func TestServiceSetting_Value_IsTakenInItsLetters(t *testing.T) {
	s := start(t)
	for id, values := range map[string][]string{
		tierSetting: {"standard", "ADVANCED", "Intelligent", "intelligent-tiering", " Standard",
			"true"},
		throughputSetting: {"True", "FALSE", "yes", "1"},
	} {
		for _, value := range values {
			s.Refused("UpdateServiceSetting", M{"SettingId": id, "SettingValue": value},
				"ValidationException", "")
		}
		if got := s.setting(id); got.Status != "Default" {
			t.Errorf("%+v", got)
		}
	}
	for _, value := range []string{"Intelligent-Tiering", "Advanced", "Standard"} {
		s.Do("UpdateServiceSetting", M{"SettingId": tierSetting, "SettingValue": value})
		if got := s.setting(tierSetting); got.SettingValue != value {
			t.Errorf("%+v", got)
		}
	}
}

func TestServiceSetting_UnknownID_IsNotFound(t *testing.T) {
	s := start(t)
	for _, id := range []string{"/ssm/parameter-store/none", "ssm/parameter-store/default-parameter-tier",
		"/SSM/parameter-store/default-parameter-tier", "/ssm/managed-instance/default-ec2-instance-management-role",
		"x", tierSetting + "/", "arn:aws:ssm:eu-west-1:" + account + ":servicesetting" + tierSetting,
		"arn:aws:ssm:" + region + ":444455556666:servicesetting" + tierSetting, settingARN("/none")} {
		for operation, in := range map[string]M{"GetServiceSetting": {"SettingId": id},
			"ResetServiceSetting":  {"SettingId": id},
			"UpdateServiceSetting": {"SettingId": id, "SettingValue": "Standard"}} {
			s.Refused(operation, in, "ServiceSettingNotFound", "")
		}
	}
}

// TestServiceSetting_OfAnAccountAndRegion_IsTheirs.
func TestServiceSetting_OfAnAccountAndRegion_IsTheirs(t *testing.T) {
	s := start(t)
	s.Do("UpdateServiceSetting", M{"SettingId": tierSetting, "SettingValue": "Advanced"})
	elsewhere, err := s.Ask(optest.In(t.Context(), "eu-west-1"), "GetServiceSetting",
		M{"SettingId": tierSetting})
	if err != nil || elsewhere.(settings.Output).ServiceSetting.Status != "Default" {
		t.Errorf("%+v, %v", elsewhere, err)
	}
	s.As("444455556666")
	if got := s.setting(tierSetting); got.Status != "Default" || got.SettingValue != "Standard" {
		t.Errorf("%+v", got)
	}
	s.put("/a", "v")
	if got := s.described("/a"); got.Tier != "Standard" {
		t.Errorf("%+v", got)
	}
}
