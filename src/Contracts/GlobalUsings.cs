global using Control.Contracts.Access;
global using Control.Contracts.Agents;
global using Control.Contracts.Errors;
global using Control.Contracts.Pipelines;
global using Control.Contracts.Runs;
global using Orleans;
