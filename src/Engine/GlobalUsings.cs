global using System.Collections.Immutable;
global using Control.Contracts;
global using Control.Contracts.Errors;
global using Control.Contracts.Pipelines;
