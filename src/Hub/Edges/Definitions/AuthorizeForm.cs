using System.Text.Json;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>The form in which it is written whom the hub asks about clients: a URL, or an object with it and more.</summary>
internal static class AuthorizeForm
{
    private const int MaxLength = 2_048;
    private const string Valid = "such as \"http://127.0.0.1:9000/authorize\"";

    private static readonly SettingForm<string?> Url = SettingForms.Text(MaxLength) with { Check = CheckUrl };

    private static readonly ObjectForm<AuthorizeDefinition> Members = new(
        "{\"url\": \"http://127.0.0.1:9000/authorize\"}, or the URL alone",
        new AuthorizeDefinition(),
        new ObjectSetting<AuthorizeDefinition, string?>(
            "url", Url, own => own.Url.Length > 0 ? own.Url : null, (own, value) => own with { Url = value ?? "" })
        {
            Summary = "what is asked, by POST: `http://` or `https://`",
            Needed = $"is needed: the URL that is asked, {Valid}",
        },
        new ObjectSetting<AuthorizeDefinition, int?>(
            "ttl", SettingForms.Seconds(0, 86_400, "seconds (0: each client is asked about)"), own => own.Ttl,
            (own, value) => own with { Ttl = value })
        {
            Summary = "seconds for which an answer is kept; 10 by default, and 0: each client is asked about",
        },
        new ObjectSetting<AuthorizeDefinition, int?>(
            "timeout", SettingForms.Seconds(1, 30), own => own.Timeout, (own, value) => own with { Timeout = value })
        {
            Summary = "seconds that an answer may take; 1 by default",
        },
        new ObjectSetting<AuthorizeDefinition, bool?>(
            "failOpen", SettingForms.Switch, own => own.FailOpen, (own, value) => own with { FailOpen = value })
        {
            Summary = "true: clients are let in when there is no answer; false by default",
        });

    /// <summary>The setting.</summary>
    public static readonly SettingForm<AuthorizeDefinition?> Form = Members.One() with
    {
        HelpName = "URL",
        Read = static value => value.Json.ValueKind == JsonValueKind.String
            ? new AuthorizeDefinition { Url = value.Text()! }
            : Members.Read(value),
        FromOption = static (words, kind) => words[^1].StartsWith("http", StringComparison.OrdinalIgnoreCase)
            ? words[^1]
            : Members.FromWord(words[^1], [], kind),
        Schema = Members.Schema with { OrText = true },
    };

    private static void CheckUrl(string? text, string path, bool udp, FaultList faults)
    {
        if (text!.Length > MaxLength || !Uri.TryCreate(text, UriKind.Absolute, out var url)
            || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps) || url.Host.Length == 0)
        {
            faults.AddText(path, text, $"must be a URL of at most {MaxLength} characters with http:// or https://, {Valid}");
        }
        else if (url.UserInfo.Length > 0)
        {
            // The value is not shown, since it may be a password.
            faults.Add(path, "(with a user)", $"must have no user and password, {Valid}");
        }
        else if (url.Fragment.Length > 0)
        {
            faults.AddText(path, text, $"must have no #, behind which nothing is sent; {Valid}");
        }
    }
}
