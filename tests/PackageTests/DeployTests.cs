using k8s;
using k8s.Models;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.PackageTests;

/// <summary>
/// The files for containers in deploy/ are what the programs that read them take, and ask for no more rights than are needed.
/// </summary>
public sealed class DeployTests
{
    private static readonly string[] ForThePortsAndTheFirewall = ["NET_BIND_SERVICE", "NET_ADMIN"];

    [Fact]
    public async Task The_hubs_manifests_have_no_member_that_kubernetes_does_not_know_and_no_right_that_it_does_not_need()
    {
        var objects = await RenderAsync("hub");

        Assert.Equal(
            ["V1ConfigMap", "V1NetworkPolicy", "V1PodDisruptionBudget", "V1Service", "V1StatefulSet"],
            objects.Select(rendered => rendered.GetType().Name).Order(StringComparer.Ordinal));
        var pod = objects.OfType<V1StatefulSet>().Single().Spec.Template.Spec;
        Assert.True(pod.SecurityContext.RunAsNonRoot);
        Assert.Empty(AssertConfined(pod, Packages.Hub));
        // Kubernetes finds objects by these names.
        var label = ("app.kubernetes.io/name", Packages.Hub);
        Assert.Contains(label, Pairs(objects.OfType<V1StatefulSet>().Single().Spec.Template.Metadata.Labels));
        Assert.Contains(label, Pairs(objects.OfType<V1Service>().Single().Spec.Selector));
        Assert.Contains(label, Pairs(objects.OfType<V1NetworkPolicy>().Single().Spec.PodSelector.MatchLabels));
        Assert.Contains(label, Pairs(objects.OfType<V1PodDisruptionBudget>().Single().Spec.Selector.MatchLabels));
        Assert.Equal(
            objects.OfType<V1ConfigMap>().Single().Metadata.Name,
            pod.Volumes.Single(volume => volume.ConfigMap is not null).ConfigMap.Name);
    }

    [Fact]
    public async Task Two_hubs_have_one_certificate_one_database_and_each_edge_at_one_of_them()
    {
        var objects = await RenderAsync("hub-replicas");

        var hubs = objects.OfType<V1StatefulSet>().Single().Spec;
        Assert.Equal(2, hubs.Replicas);
        Assert.Empty(AssertConfined(hubs.Template.Spec, Packages.Hub));
        Assert.Equal("ClientIP", objects.OfType<V1Service>().Single().Spec.SessionAffinity);
        var container = hubs.Template.Spec.Containers.Single();
        Assert.All(
            (string[])["TUNNEL_HUB__STATEFILE", "TUNNEL_HUB__TLS__CERTPEM", "TUNNEL_HUB__TLS__KEYPEM"],
            name => Assert.Contains(container.VolumeMounts, mount =>
                container.Env.Single(variable => variable.Name == name).Value.StartsWith(mount.MountPath + "/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_edges_manifests_give_it_the_two_capabilities_and_nothing_else()
    {
        var pod = Assert.IsType<V1DaemonSet>(Assert.Single(await RenderAsync("edge"))).Spec.Template.Spec;

        Assert.True(pod.HostNetwork);
        Assert.Equal(ForThePortsAndTheFirewall, AssertConfined(pod, Packages.Edge));
    }

    [Theory]
    [InlineData("hub.yaml", Packages.Hub, 0)]
    [InlineData("edge.yaml", Packages.Edge, 2)]
    public async Task A_compose_file_is_valid_and_confined(string file, string name, int capabilities)
    {
        var path = Path.Combine(Documentation.Root, "deploy/compose", file);
        var environment = new Dictionary<string, string> { ["PUBLIC_HOST"] = "hub.example.com" };
        var read = (await ManagedProcess.RunAsync(
            "docker-compose", ["--file", path, "config"], limit: TimeSpan.FromMinutes(1), environment: environment))
            .Succeeded().StandardOutput;

        Assert.Contains($"image: localhost/{name}:{Packages.Version}\n", read, StringComparison.Ordinal);
        Assert.Contains("read_only: true\n", read, StringComparison.Ordinal);
        Assert.Contains("cap_drop:\n    - ALL\n", read, StringComparison.Ordinal);
        Assert.Equal(
            capabilities, ForThePortsAndTheFirewall.Count(capability => read.Contains($"    - {capability}\n", StringComparison.Ordinal)));
        Assert.Contains($"- /usr/bin/{name}\n", read, StringComparison.Ordinal);
    }

    // Returns the capabilities that the container adds.
    private static IEnumerable<string> AssertConfined(V1PodSpec pod, string name)
    {
        var container = Assert.Single(pod.Containers);
        Assert.Equal($"localhost/{name}:{Packages.Version}", container.Image);
        Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
        Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
        Assert.Equal(
            pod.Volumes?.Count ?? 0,
            container.VolumeMounts.Count(mount => mount.Name != "state" || pod.Volumes!.Any(volume => volume.Name == "state")));
        Assert.NotNull(container.ReadinessProbe);
        Assert.NotNull(container.LivenessProbe);
        return container.SecurityContext.Capabilities.Add ?? [];
    }

    private static IEnumerable<(string, string)> Pairs(IDictionary<string, string> labels) =>
        labels.Select(label => (label.Key, label.Value));

    private static async Task<List<object>> RenderAsync(string name)
    {
        var rendered = (await ManagedProcess.RunAsync(
            "kubectl", ["kustomize", Path.Combine(Documentation.Root, "deploy/kustomize", name)],
            limit: TimeSpan.FromMinutes(1))).Succeeded();
        // The parser is strict: a member that the type does not have is an error.
        return KubernetesYaml.LoadAllFromString(rendered.StandardOutput, strict: true);
    }
}
