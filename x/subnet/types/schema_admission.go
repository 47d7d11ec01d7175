package types

// admissionRows are the parameters of registration: by proof of work, by burn, and how many.
func admissionRows() []row {
	return []row{
		{
			"registration_allowed", "bool", 0, 1, 1, gov,
			"Newcomers may register.",
			func(h *Hyperparameters) any { return &h.RegistrationAllowed },
		},
		{
			"pow_registration_allowed", "bool", 0, 1, 1, owner,
			"Newcomers may register by proof of work.",
			func(h *Hyperparameters) any { return &h.PowRegistrationAllowed },
		},
		{
			"max_registrations_per_block", "count", 1, 64, 1, gov,
			"Most registrations in one block.",
			func(h *Hyperparameters) any { return &h.MaxRegistrationsPerBlock },
		},
		{
			"adjustment_interval", "ms", second, 7 * day, 100 * peerBlock, gov,
			"Time after which the difficulty is adjusted and registrations are counted anew.",
			func(h *Hyperparameters) any { return &h.AdjustmentInterval },
		},
		{
			"target_registrations_per_interval", "count", 1, 1_000, 2, gov,
			"Proofs of work per interval that the difficulty aims at; three times as many registrations of any kind are the most.",
			func(h *Hyperparameters) any { return &h.TargetRegistrationsPerInterval },
		},
		{
			"adjustment_alpha", "ppm", 0, 999_999, 0, owner,
			"How much of the old difficulty stays at an adjustment.",
			func(h *Hyperparameters) any { return &h.AdjustmentAlpha },
		},
		{
			"initial_difficulty", "hashes", 1, 1 << 62, 10_000_000, gov,
			"Difficulty with which a subnet starts.",
			func(h *Hyperparameters) any { return &h.InitialDifficulty },
		},
		{
			"min_difficulty", "hashes", 1, 1 << 62, 10_000_000, gov,
			"Least difficulty, at most max_difficulty.",
			func(h *Hyperparameters) any { return &h.MinDifficulty },
		},
		{
			"max_difficulty", "hashes", 1, 1 << 62, 1 << 62, owner,
			"Greatest difficulty, at least min_difficulty.",
			func(h *Hyperparameters) any { return &h.MaxDifficulty },
		},
		{
			"initial_burn", "rao", 1, 21_000_000 * tao, tao, gov,
			"Price of a registration with which a subnet starts.",
			func(h *Hyperparameters) any { return &h.InitialBurn },
		},
		{
			"min_burn", "rao", 1, tao, 500_000, owner,
			"Least price of a registration, at most max_burn.",
			func(h *Hyperparameters) any { return &h.MinBurn },
		},
		{
			"max_burn", "rao", tao / 10, 21_000_000 * tao, 100 * tao, owner,
			"Greatest price of a registration, at least min_burn.",
			func(h *Hyperparameters) any { return &h.MaxBurn },
		},
		{
			"burn_half_life", "ms", second, 36_100 * peerBlock, 4 * 60 * minute, owner,
			"Time in which the price of a registration halves.",
			func(h *Hyperparameters) any { return &h.BurnHalfLife },
		},
		{
			"burn_increase_mult", "percent", 100, 300, 107, owner,
			"What a registration by burn makes of the price.",
			func(h *Hyperparameters) any { return &h.BurnIncreaseMult },
		},
	}
}
