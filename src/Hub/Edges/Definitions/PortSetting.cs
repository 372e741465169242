using System.Text.Json.Nodes;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>
/// One setting of a port: a row of <see cref="PortSettings"/>, from which all follows that is done with it but its enforcement.
/// </summary>
internal abstract record PortSetting(string Name)
{
    /// <summary>Which ports have it.</summary>
    public PortKinds For { get; init; } = PortKinds.Both;

    /// <summary>What is in force where nobody says anything, in words.</summary>
    public required string Default { get; init; }

    /// <summary>
    /// What it does: for the documentation, the description of the API, and the help of commands. Markdown, without a full stop.
    /// </summary>
    public required string Summary { get; init; }

    /// <summary>What to do instead where it does nothing.</summary>
    public string Instead { get; init; } = "remove it here";

    /// <summary>The edge is told, under the same name (<c>EdgePortSettings</c>).</summary>
    public bool OnWire { get; init; }

    /// <summary>What earlier versions took is not looked at in a stored set (<see cref="EdgeSetFaults.Stricter"/>).</summary>
    public bool IsStricter { get; init; }

    /// <summary>The option of <c>port add</c> and <c>port set</c>; null: the name's.</summary>
    public string? Option { get; init; }

    /// <summary>What its value looks like to the API.</summary>
    public abstract SettingSchema Schema { get; }

    /// <summary>What stands for its value in help.</summary>
    public abstract string HelpName { get; }

    /// <summary>Takes a value over into a policy, or adds a fault.</summary>
    public abstract PortPolicyDefinition Read(PortPolicyDefinition policy, WrittenValue value);

    /// <summary>
    /// The value as JSON of what stood in options; what is not valid is left for the hub to name. Null: nothing of it stood there.
    /// </summary>
    /// <param name="words">What was written, at least one.</param>
    /// <param name="kind">Which ports it is for: both for the default.</param>
    public abstract JsonNode? FromOption(IReadOnlyList<string> words, PortKinds kind);

    /// <summary>The option's name, such as <c>--max-connections</c>.</summary>
    public string OptionName => Option ?? $"--{SettingName.ToOption(Name)}";

    /// <summary>Whether a policy says anything of it.</summary>
    public abstract bool IsIn(PortPolicyDefinition policy);

    /// <summary>Adds what is wrong with its value.</summary>
    public abstract void Check(PortPolicyDefinition policy, string path, bool udp, FaultList faults);

    /// <summary>Puts what the port's own entry says of it, else the default's, into what is in force; without either that stays.</summary>
    public abstract PortPolicy Resolve(PortPolicy resolved, PortPolicyDefinition own, PortPolicyDefinition? fallback, bool udp);

    /// <summary>Whether a port has it.</summary>
    public bool IsFor(bool udp) => For is PortKinds.Both || (For is PortKinds.Udp) == udp;
}

/// <summary>Which ports have a setting.</summary>
internal enum PortKinds
{
    Both,
    Tcp,
    Udp,
}

/// <summary>The type of a value in JSON.</summary>
internal enum SettingType
{
    Text,
    Number,
    Switch,
    List,
}

/// <summary>What a value looks like, for the description of the API.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Least">The lowest number.</param>
/// <param name="Most">The highest number, or the most characters of a text or items of a list.</param>
/// <param name="Words">The words that there are; null: any.</param>
internal sealed record SettingSchema(SettingType Type, long? Least = null, long? Most = null, IReadOnlyList<string>? Words = null);

/// <inheritdoc/>
/// <typeparam name="T">The value's type, which null belongs to.</typeparam>
/// <param name="Name">Its name.</param>
/// <param name="Form">How it is written.</param>
/// <param name="Get">Its value in a policy.</param>
/// <param name="Set">A policy with another value.</param>
/// <param name="Enforce">What is in force with a value that is not null.</param>
internal sealed record PortSetting<T>(
    string Name,
    SettingForm<T> Form,
    Func<PortPolicyDefinition, T?> Get,
    Func<PortPolicyDefinition, T?, PortPolicyDefinition> Set,
    Func<PortPolicy, T, bool, PortPolicy> Enforce)
    : PortSetting(Name)
{
    public override SettingSchema Schema => Form.Schema;

    public override string HelpName => Form.HelpName;

    public override PortPolicyDefinition Read(PortPolicyDefinition policy, WrittenValue value) => Set(policy, Form.Read(value));

    public override JsonNode? FromOption(IReadOnlyList<string> words, PortKinds kind) => Form.FromOption(words, kind);

    public override bool IsIn(PortPolicyDefinition policy) => Get(policy) is not null;

    public override void Check(PortPolicyDefinition policy, string path, bool udp, FaultList faults)
    {
        if (Get(policy) is { } value)
            Form.Check(value, $"{path}.{Name}", udp, faults);
    }

    public override PortPolicy Resolve(PortPolicy resolved, PortPolicyDefinition own, PortPolicyDefinition? fallback, bool udp)
    {
        var value = Get(own) is { } said ? said : fallback is null ? default : Get(fallback);
        return value is not null && IsFor(udp) ? Enforce(resolved, value, udp) : resolved;
    }
}
