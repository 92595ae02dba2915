using System.Text.Json;
using System.Text.RegularExpressions;
using Control.Engine.Pipelines;
using Control.Engine.Pipelines.Shapes;

namespace Control.Engine.Tests.Pipelines;

public sealed partial class PipelineSchemaTests
{
    /// <summary>Where each shape stands in a definition; {0} is replaced with one more key and its value.</summary>
    private static readonly Dictionary<string, string> Places = new()
    {
        ["pipeline"] = "{{ {0} }}",
        ["parameter"] = "{{ parameters: {{ A: {{ {0} }} }} }}",
        ["source"] = "{{ source: {{ {0} }} }}",
        ["stage"] = "{{ stages: [{{ {0} }}] }}",
        ["gate"] = "{{ stages: [{{ gate: {{ {0} }} }}] }}",
        ["job"] = "{{ stages: [{{ jobs: {{ j: {{ {0} }} }} }}] }}",
        ["matrix"] = "{{ stages: [{{ jobs: {{ j: {{ matrix: {{ {0} }} }} }} }}] }}",
        ["concurrency"] = "{{ concurrency: {{ {0} }} }}",
        ["retention"] = "{{ retention: {{ {0} }} }}",
        ["trigger"] = "{{ triggers: {{ t: {{ {0} }} }} }}",
        ["image"] = "{{ stages: [{{ jobs: {{ j: {{ image: {{ {0} }} }} }} }}] }}",
        ["resources"] = "{{ stages: [{{ jobs: {{ j: {{ resources: {{ {0} }} }} }} }}] }}",
        ["service"] = "{{ stages: [{{ jobs: {{ j: {{ image: a, services: {{ s: {{ {0} }} }} }} }} }}] }}",
        ["ready"] = "{{ stages: [{{ jobs: {{ j: {{ image: a, services: {{ s: {{ ready: {{ {0} }} }} }} }} }} }}] }}",
        ["secret"] = "{{ stages: [{{ jobs: {{ j: {{ secrets: {{ S: {{ {0} }} }} }} }} }}] }}",
        ["retry"] = "{{ stages: [{{ jobs: {{ j: {{ retry: {{ {0} }} }} }} }}] }}",
        ["step"] = "{{ stages: [{{ jobs: {{ j: {{ steps: [{{ {0} }}] }} }} }}] }}",
    };

    public static TheoryData<string, string> Keys
    {
        get
        {
            var keys = new TheoryData<string, string>();
            foreach (var shape in PipelineShapes.All)
            {
                foreach (var key in shape.Keys)
                {
                    keys.Add(shape.Name, key.Name);
                }
            }

            return keys;
        }
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void Parse_KeyOfTheTableWithNothing_IsRead(string shape, string key)
    {
        var text = string.Format(System.Globalization.CultureInfo.InvariantCulture, Places[shape], key + ":");

        var errors = PipelineParser.Parse(text).Errors;

        // No reader accepts nothing as a value: no complaint about it means that nobody looked.
        Assert.Contains(errors, e => e.Field.EndsWith(key, StringComparison.Ordinal) && !e.Message.Contains("needs '", StringComparison.Ordinal));
        Assert.DoesNotContain(errors, e => e.Message.Contains("has no key", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void Json_KeyOfTheTable_IsDescribed(string shape, string key)
    {
        using var schema = JsonDocument.Parse(PipelineSchema.Json);
        var described = shape == "pipeline" ? schema.RootElement : schema.RootElement.GetProperty("$defs").GetProperty(shape);

        Assert.NotEmpty(described.GetProperty("properties").GetProperty(key).GetProperty("description").GetString()!);
        Assert.False(described.GetProperty("additionalProperties").GetBoolean());
    }

    [Fact]
    public void Json_EveryReference_LeadsSomewhere()
    {
        using var schema = JsonDocument.Parse(PipelineSchema.Json);
        var definitions = schema.RootElement.GetProperty("$defs");

        var references = Reference().Matches(PipelineSchema.Json).Select(m => m.Groups[1].Value).Distinct().ToArray();

        Assert.Equal(PipelineShapes.All.Skip(1).Select(s => s.Name).Order(), references.Order());
        Assert.All(references, r => Assert.True(definitions.TryGetProperty(r, out _)));
    }

    /// <summary>With UPDATE_DOCS=1 in the environment the published file is written anew instead of compared.</summary>
    [Fact]
    public void Json_Published_IsTheSame()
    {
        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1")
        {
            RepositoryFiles.Write("docs/pipeline.schema.json", PipelineSchema.Json);
        }

        Assert.Equal(PipelineSchema.Json, RepositoryFiles.Read("docs/pipeline.schema.json"));
    }

    [Fact]
    public void Parse_FullDefinition_UsesEveryKey() => Assert.All(
        PipelineShapes.All.SelectMany(s => s.Keys),
        key => Assert.Matches($@"(^|[\s{{]){key.Name}:", Definitions.Full));

    [GeneratedRegex("\"#/\\$defs/([a-z]+)\"")]
    private static partial Regex Reference();
}
