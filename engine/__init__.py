"""Stream → facts: reads the samples of whole work centres and folds them into what is known."""
