"""The named workflows, one module each; `anonymization.registered` lists those in force."""
