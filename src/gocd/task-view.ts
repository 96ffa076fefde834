/** A control of the form, and the attributes and content that are its own. */
interface Control {
  tag: "input" | "select" | "textarea";
  attributes: string;
  content: string;
}

/** GoCD puts the field's real name for GOINPUTNAME[...], and what `validate` said of it into $error.server. */
function field(name: string, label: string, { tag, attributes, content }: Control): string {
  const error = `GOINPUTNAME[${name}].$error.server`;
  return `<div class="form_item_block">
  <label ng-class="{'is-invalid-label': ${error}}">${label}</label>
  <${tag} ng-model="${name}" ng-class="{'is-invalid-input': ${error}}" ${attributes}>${tag === "input" ? "" : `${content}</${tag}>`}
  <span class="form_error form-error" ng-class="{'is-visible': ${error}}" ng-show="${error}">{{ ${error} }}</span>
</div>
`;
}

function option(value: string, label: string = value): string {
  return `<option value="${value}">${label}</option>`;
}

const SHELL: Control = {
  tag: "select",
  attributes: 'ng-required="false"',
  content: [option("", "the container's default, or sh"), option("sh"), option("bash"), option("zsh")].join(""),
};

const SCRIPT: Control = {
  tag: "textarea",
  attributes: 'ng-required="true" rows="15" cols="80" wrap="off" spellcheck="false" style="font-family: monospace"',
  content: "",
};

const CONTAINER: Control = {
  tag: "input",
  attributes: 'type="text" ng-required="false" placeholder="the only one of the Pod"',
  content: "",
};

/** The answer to `view`: what the task is called, and the AngularJS template of the form in which it is edited. */
export function view(): { displayValue: string; template: string } {
  return {
    displayValue: "k8s Executor",
    template:
      field("container", "Container", CONTAINER) +
      field("shtype", "Shell", SHELL) +
      field("script", 'Script<span class="asterix">*</span>', SCRIPT),
  };
}
