using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin.OpenApi;

/// <summary>Describes the types that have a JSON form of their own.</summary>
internal sealed class SchemaDescription : IOpenApiSchemaTransformer
{
    public Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.JsonTypeInfo.Type == typeof(ImmutableArray<PortRange>))
            schema.Items = PortOrRange();
        if (context.JsonTypeInfo.Type == typeof(PortPolicyDefinition) && schema.Properties is { } properties)
        {
            foreach (var setting in PortSettings.All)
                properties[setting.Name] = Describe(setting);
        }

        return Task.CompletedTask;
    }

    // Made anew, because a reference to a component could not say what this setting does.
    private static OpenApiSchema Describe(PortSetting setting)
    {
        var ports = setting.For == PortKinds.Both ? "" : $"{setting.For.ToString().ToUpperInvariant()} ports: ";
        return Describe(setting.Schema, $"{ports}{setting.Summary}. Default: {setting.Default}.");
    }

    private static OpenApiSchema Describe(SettingSchema schema, string? description, bool orNull = true)
    {
        var (type, least, most, words) = schema;
        var kind = type switch
        {
            SettingType.Number => JsonSchemaType.Integer,
            SettingType.Switch => JsonSchemaType.Boolean,
            SettingType.List => JsonSchemaType.Array,
            SettingType.Object when schema.OrText => JsonSchemaType.Object | JsonSchemaType.String,
            SettingType.Object => JsonSchemaType.Object,
            _ => JsonSchemaType.String,
        };
        return new OpenApiSchema
        {
            Type = orNull ? JsonSchemaType.Null | kind : kind,
            Description = description?.Replace("`", "", StringComparison.Ordinal),
            Minimum = least?.ToString(CultureInfo.InvariantCulture),
            Maximum = type == SettingType.Number ? most?.ToString(CultureInfo.InvariantCulture) : null,
            MaxLength = type == SettingType.Text ? (int?)most : null,
            MaxItems = type == SettingType.List ? (int?)most : null,
            Items = type == SettingType.List
                ? Describe(schema.Item ?? new SettingSchema(SettingType.Text), null, orNull: false)
                : null,
            Properties = type == SettingType.Object
                ? schema.Members.ToDictionary(
                    member => member.Name, IOpenApiSchema (member) => Describe(member.Schema, $"{member.Summary}."))
                : null,
            Enum = words is null ? null : [.. words.Select(word => (JsonNode)word)],
        };
    }

    private static OpenApiSchema PortOrRange() => new()
    {
        Description = "A port, or a range such as \"8000-8010\".",
        OneOf =
        [
            new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Maximum = "65535" },
            new OpenApiSchema { Type = JsonSchemaType.String, Pattern = "^[0-9]{1,5}(-[0-9]{1,5})?$" },
        ],
    };
}
