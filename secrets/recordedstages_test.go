package secrets_test

import "testing"

// stageRecordings are LocalStack's recordings of staging labels, named as in [recordings].
var stageRecordings = map[string][]step{
	"update_secret_version_stages_current_pending": {
		create(1, "S1"),
		put(2, []string{"AWSPENDING"}, []string{"AWSPENDING"}),
		list(false, listed(1, false, "AWSCURRENT"), listed(2, false, "AWSPENDING")),
		move("AWSCURRENT", 1, 2),
		list(false, listed(1, false, "AWSPREVIOUS"), listed(2, false, "AWSCURRENT", "AWSPENDING")),
		put(3, nil, []string{"AWSCURRENT"}),
		// AWSPENDING went with the label that it had been prepared for.
		list(false, listed(2, false, "AWSPREVIOUS"), listed(3, false, "AWSCURRENT")),
	},
	"update_secret_version_stages_current_pending_cycle": {
		create(1, "S1"),
		put(2, []string{"AWSPENDING"}, []string{"AWSPENDING"}),
		get(1, "S1", "AWSCURRENT"),
		move("AWSCURRENT", 1, 2),
		list(false, listed(1, true, "AWSPREVIOUS"), listed(2, false, "AWSCURRENT", "AWSPENDING")),
		get(2, "S2", "AWSCURRENT", "AWSPENDING"),
		put(3, []string{"AWSPENDING"}, []string{"AWSPENDING"}),
		list(false, listed(1, true, "AWSPREVIOUS"), listed(2, true, "AWSCURRENT"),
			listed(3, false, "AWSPENDING")),
		get(2, "S2", "AWSCURRENT"),
		move("AWSCURRENT", 2, 3),
		list(false, listed(2, true, "AWSPREVIOUS"), listed(3, false, "AWSCURRENT", "AWSPENDING")),
		get(3, "S3", "AWSCURRENT", "AWSPENDING"),
	},
	"update_secret_version_stages_current_pending_cycle_custom_stages_1": {
		create(1, "S1"),
		put(2, []string{"AWSPENDING", "PUT1", "AWSSOMETHING"},
			[]string{"AWSPENDING", "AWSSOMETHING", "PUT1"}),
		list(false, listed(1, false, "AWSCURRENT"),
			listed(2, false, "AWSPENDING", "AWSSOMETHING", "PUT1")),
		get(1, "S1", "AWSCURRENT"),
		move("AWSCURRENT", 1, 2),
		get(2, "S2", "AWSCURRENT", "AWSPENDING", "AWSSOMETHING", "PUT1"),
		put(3, []string{"AWSPENDING", "PUT2"}, []string{"AWSPENDING", "PUT2"}),
		list(false, listed(1, true, "AWSPREVIOUS"),
			listed(2, true, "AWSCURRENT", "AWSSOMETHING", "PUT1"),
			listed(3, false, "AWSPENDING", "PUT2")),
		move("AWSCURRENT", 2, 3),
		list(false, listed(2, true, "AWSPREVIOUS", "AWSSOMETHING", "PUT1"),
			listed(3, false, "AWSCURRENT", "AWSPENDING", "PUT2")),
	},
	"update_secret_version_stages_current_pending_cycle_custom_stages_2": {
		create(1, "S1"),
		put(2, []string{"AWSCURRENT", "PUT0"}, []string{"AWSCURRENT", "PUT0"}),
		put(3, []string{"AWSPENDING", "PUT1"}, []string{"AWSPENDING", "PUT1"}),
		get(2, "S2", "AWSCURRENT", "PUT0"),
		move("AWSCURRENT", 2, 3),
		list(false, listed(2, true, "AWSPREVIOUS", "PUT0"),
			listed(3, false, "AWSCURRENT", "AWSPENDING", "PUT1")),
		get(3, "S3", "AWSCURRENT", "AWSPENDING", "PUT1"),
		put(4, []string{"AWSPENDING", "PUT2"}, []string{"AWSPENDING", "PUT2"}),
		list(false, listed(2, true, "AWSPREVIOUS", "PUT0"), listed(3, true, "AWSCURRENT", "PUT1"),
			listed(4, false, "AWSPENDING", "PUT2")),
		move("AWSCURRENT", 3, 4),
		list(false, listed(2, true, "PUT0"), listed(3, true, "AWSPREVIOUS", "PUT1"),
			listed(4, false, "AWSCURRENT", "AWSPENDING", "PUT2")),
	},
	"update_secret_version_stages_current_pending_cycle_custom_stages_3": {
		create(1, "SS"),
		put(2, []string{"PENDING"}, []string{"PENDING"}),
		move("AWSCURRENT", 1, 2),
		get(2, "S2", "AWSCURRENT", "PENDING"),
		move("PENDING", 2, 0),
		get(2, "S2", "AWSCURRENT"),
	},
	"non_versioning_version_stages_replacement": {
		create(1, "S1"),
		put(2, []string{"one", "two", "three"}, []string{"one", "three", "two"}),
		put(3, []string{"one", "two", "three", "four"}, []string{"four", "one", "three", "two"}),
		list(false, listed(1, false, "AWSCURRENT"), listed(3, false, "four", "one", "three", "two")),
	},
	"non_versioning_version_stages_no_replacement": {
		create(1, "S1"),
		put(2, []string{"one", "two", "three"}, []string{"one", "three", "two"}),
		put(3, []string{"one", "two", "four"}, []string{"four", "one", "two"}),
		list(false, listed(1, false, "AWSCURRENT"), listed(2, false, "three"),
			listed(3, false, "four", "one", "two")),
	},
}

func TestRecordedStages_EveryCycle_EndsAsRecorded(t *testing.T) {
	for name, steps := range stageRecordings {
		t.Run(name, func(t *testing.T) { replay(t, steps) })
	}
}
