local actions = {
  retry = {disabled = true, iconClass = "fa fa-fw fa-redo", displayName = "Retry the failed stage"},
  suspend = {disabled = true, iconClass = "fa fa-fw fa-pause", displayName = "Suspend"},
  resume = {disabled = true, iconClass = "fa fa-fw fa-play", displayName = "Resume"},
  approve = {disabled = true, iconClass = "fa fa-fw fa-check", displayName = "Approve the reviewed stage"}
}

local holds = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    holds[condition.type] = condition.status == "True"
  end
end

actions.retry.disabled = not holds["Failed"]

if obj.spec.suspend then
  actions.resume.disabled = false
else
  actions.suspend.disabled = holds["Finished"] == true
end

if obj.status ~= nil and obj.status.stages ~= nil and not obj.spec.suspend then
  for _, stage in ipairs(obj.status.stages) do
    if stage.state == "AwaitingReview" then
      actions.approve.disabled = false
    end
  end
end

return actions
