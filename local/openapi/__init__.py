"""docs/openapi.json, generated: routes of `entry.routes`, shapes of the models, examples made by the code itself."""
