global using Control.TestKit.Networks;
global using Control.TestKit.Processes;
